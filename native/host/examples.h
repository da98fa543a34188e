// Batches of serialized tf.train.Example messages, parsed into columns.
//
// Only what writers of Examples write is parsed here. Whatever is odd - a damaged message, a feature of another kind, a
// list whose values are of mixed wire types - is left to the caller, which has the words to say what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headwater {

enum class FeatureKind : int { kBytes = 1, kFloat = 2, kInt64 = 3 };  // the field of a Feature that holds the list

struct WantedFeature {
  std::string name;
  FeatureKind kind;
};

// The values of one feature of all examples, one after the other: of the three vectors, that of its kind.
struct Column {
  std::vector<std::string_view> bytes;  // views of the examples
  std::vector<float> floats;
  std::vector<int64_t> integers;
  std::vector<int64_t> counts;  // values of each example; -1 where it has no such feature
};

// One column for each wanted feature. False, and `columns` worth nothing, if an example is odd.
bool parse_examples(const std::vector<std::string_view>& examples, const std::vector<WantedFeature>& wanted,
                    std::vector<Column>& columns);

}  // namespace headwater
