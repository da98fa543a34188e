#include "examples.h"

#include <bit>
#include <cstring>
#include <unordered_map>

namespace headwater {
namespace {

enum WireType : int { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Reads a message field by field. `ok` becomes false at the first that is damaged, and stays so.
class Reader {
 public:
  explicit Reader(std::string_view message) : place_(message.data()), end_(place_ + message.size()) {}

  bool ok = true;
  uint64_t number = 0;     // of the field
  int type = 0;            // its wire type
  uint64_t value = 0;      // of a number
  std::string_view bytes;  // of anything else

  bool next() {
    if (!ok || place_ == end_) return false;
    uint64_t key = varint();
    number = key >> 3;
    type = static_cast<int>(key & 7);
    ok = ok && number != 0;
    if (!ok) return false;
    if (type == kVarint) {
      value = varint();
    } else if (type == kBytes) {
      take(varint());
    } else if (type == kFixed32 || type == kFixed64) {
      take(type == kFixed32 ? 4 : 8);
    } else {
      ok = false;
    }
    return ok;
  }

  bool at_end() const { return place_ == end_; }

  // A number of at most 10 bytes; bits beyond the 64th are cut off.
  uint64_t varint() {
    uint64_t result = 0;
    for (int shift = 0; shift < 70 && place_ != end_; shift += 7) {
      auto byte = static_cast<uint8_t>(*place_++);
      result |= shift < 64 ? static_cast<uint64_t>(byte & 0x7F) << shift : 0;
      if (byte < 0x80) return result;
    }
    ok = false;
    return 0;
  }

 private:
  void take(uint64_t size) {
    ok = ok && size <= static_cast<uint64_t>(end_ - place_);
    if (!ok) return;
    bytes = {place_, static_cast<size_t>(size)};
    place_ += size;
  }

  const char* place_;
  const char* end_;
};

bool add_floats(std::string_view packed, std::vector<float>& values) {
  static_assert(std::endian::native == std::endian::little);
  if (packed.size() % sizeof(float) != 0) return false;
  size_t before = values.size();
  values.resize(before + packed.size() / sizeof(float));
  if (!packed.empty()) std::memcpy(values.data() + before, packed.data(), packed.size());
  return true;
}

bool add_integers(std::string_view packed, std::vector<int64_t>& values) {
  Reader reader(packed);
  while (reader.ok && !reader.at_end()) values.push_back(static_cast<int64_t>(reader.varint()));
  return reader.ok;
}

bool add_value(const Reader& field, FeatureKind kind, Column& column) {
  if (kind == FeatureKind::kBytes) {
    column.bytes.push_back(field.bytes);
    return field.type == kBytes;
  }
  if (kind == FeatureKind::kFloat)
    return (field.type == kBytes || field.type == kFixed32) && add_floats(field.bytes, column.floats);
  if (field.type == kBytes) return add_integers(field.bytes, column.integers);
  column.integers.push_back(static_cast<int64_t>(field.value));
  return field.type == kVarint;
}

size_t size_of(const Column& column, FeatureKind kind) {
  if (kind == FeatureKind::kBytes) return column.bytes.size();
  return kind == FeatureKind::kFloat ? column.floats.size() : column.integers.size();
}

bool add_list(std::string_view list, FeatureKind kind, Column& column) {
  Reader field(list);
  while (field.next())
    if (field.number == 1 && !add_value(field, kind, column)) return false;
  return field.ok;
}

// Adds the values of a Feature message; count becomes -1 if it holds no list.
bool add_feature(std::string_view feature, FeatureKind kind, Column& column, int64_t& count) {
  Reader field(feature);
  bool found = false;
  int of_kind = 0;
  std::string_view list;
  while (field.next()) {
    if (field.type != kBytes || field.number < 1 || field.number > 3) continue;
    found = true;  // the last one counts
    of_kind = static_cast<int>(field.number);
    list = field.bytes;
  }
  if (!field.ok) return false;
  count = -1;
  if (!found) return true;
  size_t before = size_of(column, kind);
  if (of_kind != static_cast<int>(kind) || !add_list(list, kind, column)) return false;
  count = static_cast<int64_t>(size_of(column, kind) - before);
  return true;
}

class Parser {
 public:
  explicit Parser(const std::vector<WantedFeature>& wanted) : wanted_(wanted), found_(wanted.size()) {
    for (size_t i = 0; i < wanted.size(); ++i) places_.emplace(wanted[i].name, i);
  }

  bool parse(std::string_view example, std::vector<Column>& columns) {
    found_.assign(wanted_.size(), {});
    if (!find(example)) return false;
    for (size_t i = 0; i < wanted_.size(); ++i) {
      int64_t count = -1;
      if (found_[i].data() && !add_feature(found_[i], wanted_[i].kind, columns[i], count)) return false;
      columns[i].counts.push_back(count);
    }
    return true;
  }

 private:
  // Notes where the wanted features lie; of several of one name the last one counts.
  bool find(std::string_view example) {
    Reader features(example);
    while (features.next()) {
      if (features.number != 1 || features.type != kBytes) continue;
      Reader entry(features.bytes);
      while (entry.next())
        if (entry.number == 1 && entry.type == kBytes && !find_entry(entry.bytes)) return false;
      if (!entry.ok) return false;
    }
    return features.ok;
  }

  bool find_entry(std::string_view entry) {
    Reader part(entry);
    std::string_view name, feature{"", 0};
    while (part.next()) {
      if (part.type != kBytes) continue;
      if (part.number == 1) name = part.bytes;
      if (part.number == 2) feature = part.bytes;
    }
    if (!part.ok) return false;
    auto place = places_.find(name);
    if (place != places_.end()) found_[place->second] = feature;
    return true;
  }

  const std::vector<WantedFeature>& wanted_;
  std::vector<std::string_view> found_;  // the Feature message of each wanted one; null where there is none
  std::unordered_map<std::string_view, size_t> places_;
};

}  // namespace

bool parse_examples(const std::vector<std::string_view>& examples, const std::vector<WantedFeature>& wanted,
                    std::vector<Column>& columns) {
  columns.assign(wanted.size(), {});
  Parser parser(wanted);
  for (std::string_view example : examples)
    if (!parser.parse(example, columns)) return false;
  return true;
}

}  // namespace headwater
