#include "buffer.h"

#include <new>

namespace headwater {
namespace {

constexpr size_t kInline = 4096;

}  // namespace

Storage* Storage::make(size_t bytes) {
  if (bytes <= kInline) {  // one allocation for the object and its memory
    void* memory = ::operator new(sizeof(Storage) + kAlignment + bytes);
    auto* storage = new (memory) Storage;
    auto behind = reinterpret_cast<uintptr_t>(storage + 1);
    storage->data_ = reinterpret_cast<void*>((behind + kAlignment - 1) & ~uintptr_t{kAlignment - 1});
    return storage;
  }
  Block block = allocate_block(bytes);
  void* memory = ::operator new(sizeof(Storage), std::nothrow);
  if (!memory) {
    free_block(block);
    throw std::bad_alloc();
  }
  auto* storage = new (memory) Storage;
  storage->block_ = block;
  storage->data_ = block.data;
  return storage;
}

Storage* Storage::borrow(void* data, void (*release)(void*), void* context) {
  auto* storage = new (::operator new(sizeof(Storage))) Storage;
  storage->data_ = data;
  storage->release_ = release;
  storage->context_ = context;
  return storage;
}

void Storage::destroy() {
  if (release_)
    release_(context_);
  else
    free_block(block_);
  this->~Storage();
  ::operator delete(static_cast<void*>(this));
}

Buffer::Buffer(DType dtype, const Dims& shape)
    : spec_{dtype, shape}, storage_(Storage::make(static_cast<size_t>(checked_bytes(shape, dtype)))) {}

Buffer Buffer::reshape(const Dims& shape) const {
  int64_t bytes = checked_bytes(shape, dtype());
  if (static_cast<size_t>(bytes) != this->bytes())
    throw std::invalid_argument("a buffer of shape " + this->shape().text() + " cannot become " + shape.text());
  return Buffer(dtype(), shape, storage_);
}

Buffer Buffer::copy() const {
  Buffer result(dtype(), shape());
  std::memcpy(result.data(), data(), bytes());
  return result;
}

void Cell::set(Buffer buffer) {
  if (buffer.dtype() != buffer_.dtype())
    throw TypeError(std::string("a cell of ") + dtype_name(buffer_.dtype()) + " cannot hold " +
                    dtype_name(buffer.dtype()));
  if (buffer.bytes() != buffer_.bytes())
    throw std::invalid_argument("a cell of " + buffer_.spec().text() + " cannot hold " + buffer.spec().text());
  std::swap(buffer_, buffer);
}

void Cell::make_private() {
  if (buffer_.storage()->borrowed() || !buffer_.storage()->unique()) buffer_ = buffer_.copy();
}

void* Cell::peek(bool write, const TensorSpec& expected, StoragePointer* hold) {
  if (buffer_.dtype() != expected.dtype || buffer_.bytes() != expected.bytes()) return nullptr;
  if (write) make_private();
  if (hold) *hold = buffer_.storage();
  return buffer_.data();
}

}  // namespace headwater
