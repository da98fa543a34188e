// A checked element-wise program as a graph of operations on lanes: what the planner starts from.
#pragma once

#include <vector>

#include "../kernel.h"
#include "ops.h"

namespace headwater::elementwise {

struct Node {
  Op op = Op::kCopy;
  Lane lane = Lane::kF32;      // of the value
  Lane arg_lane = Lane::kF32;  // by which the loop is looked up
  std::vector<int> args;       // nodes, all before this one
  Immediate immediate;         // k_const
  DType dtype = DType::kFloat32;
  int input = -1;                // kInput: which
  int axis = -1;                 // k_iota: of the iteration space
  Reduce reduce = Reduce::kSum;  // k_row_...
};

struct Result {
  int node = 0;
  DType dtype = DType::kFloat32;
  bool per_row = false;  // one number per row of the last axis
  bool reduced = false;
  Reduce kind = Reduce::kSum;
  std::vector<bool> axes;  // reduced: for each axis of the iteration space, whether it goes
};

struct Tape {
  Dims shape;
  std::vector<TensorSpec> inputs;
  std::vector<Node> nodes;
  std::vector<Result> results;
  bool has_row_reductions = false;
};

// Throws std::invalid_argument (or TypeError for dtypes) where the attributes do not make sense.
Tape read_tape(const KernelSpec& spec);

}  // namespace headwater::elementwise
