// Buffer: an immutable tensor on the host, contiguous and row-major. Cell: the changeable place that a variable owns.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <utility>

#include "arena.h"
#include "kernel.h"

namespace headwater {

// Reference-counted memory, ours or somebody else's.
class Storage {
 public:
  static Storage* make(size_t bytes);
  // Memory of another owner; `release(context)` is called when the last reference goes.
  static Storage* borrow(void* data, void (*release)(void*), void* context);

  void* data() const { return data_; }
  bool borrowed() const { return release_ != nullptr; }
  bool unique() const { return references_.load(std::memory_order_acquire) == 1; }
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

 private:
  Storage() = default;
  ~Storage() = default;
  void destroy();

  std::atomic<int64_t> references_{1};
  void* data_ = nullptr;
  Block block_;  // none where the memory lies behind this object, or is borrowed
  void (*release_)(void*) = nullptr;
  void* context_ = nullptr;
};

class StoragePointer {
 public:
  StoragePointer() = default;
  explicit StoragePointer(Storage* owned) : storage_(owned) {}
  StoragePointer(const StoragePointer& other) : storage_(other.storage_) {
    if (storage_) storage_->retain();
  }
  StoragePointer(StoragePointer&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}
  StoragePointer& operator=(StoragePointer other) noexcept {
    std::swap(storage_, other.storage_);
    return *this;
  }
  ~StoragePointer() {
    if (storage_) storage_->drop();
  }
  Storage* get() const { return storage_; }
  Storage* operator->() const { return storage_; }

 private:
  Storage* storage_ = nullptr;
};

class Buffer {
 public:
  // Uninitialised. Throws std::invalid_argument for an impossible shape, std::bad_alloc without memory.
  Buffer(DType dtype, const Dims& shape);
  // A view of `storage` from its start; the caller vouches for its size.
  Buffer(DType dtype, const Dims& shape, StoragePointer storage) : spec_{dtype, shape}, storage_(std::move(storage)) {}

  const TensorSpec& spec() const { return spec_; }
  DType dtype() const { return spec_.dtype; }
  const Dims& shape() const { return spec_.shape; }
  int64_t count() const { return spec_.count(); }
  size_t bytes() const { return spec_.bytes(); }
  void* data() const { return storage_->data(); }
  const StoragePointer& storage() const { return storage_; }

  Buffer reshape(const Dims& shape) const;  // shares the storage
  Buffer copy() const;

 private:
  TensorSpec spec_;
  StoragePointer storage_;
};

// Not locked: the caller serialises access (in Python, by the GIL).
class Cell {
 public:
  explicit Cell(Buffer buffer) : buffer_(std::move(buffer)) {}

  Buffer get() const { return buffer_; }
  // Throws TypeError for another dtype, std::invalid_argument for another size.
  void set(Buffer buffer);

  // Where to read the value, or with `write` to change it: if somebody else can see the storage, the cell first gets a
  // copy of its own. Null if the value does not have the expected dtype and size. `hold`, if given, keeps it alive.
  void* peek(bool write, const TensorSpec& expected, StoragePointer* hold);

 private:
  void make_private();

  Buffer buffer_;
};

}  // namespace headwater
