// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/NPU/Transforms/FirstFit.h"
#include "aic/Dialect/NPU/Transforms/Passes.h"
#include "aic/NPU/Machine.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::npu {
#define GEN_PASS_DEF_NPUALLOCATEPASS
#include "aic/Dialect/NPU/Transforms/Passes.h.inc"

namespace {
/// Sizes are rounded to the memory's alignment, so that addresses are multiples of it.
struct Life : LifeSpan {
  Life(BufferOp op, size_t begin, size_t end, int64_t bytes, size_t number)
      : LifeSpan{begin, end, bytes, -1}, op(op), number(number) {}
  BufferOp op;
  size_t number; // in the program
};

/// Places a group after `from`; false if it does not fit.
bool placeGroup(ArrayRef<Life *> group, int64_t from, int64_t capacity) {
  SmallVector<const LifeSpan *> placed;
  for (Life *life : group) {
    life->address = firstFit(*life, placed, from);
    if (life->address + life->bytes > capacity)
      life->address = firstFit(*life, placed, 0);
    if (life->address + life->bytes > capacity)
      return false;
    placed.push_back(life);
  }
  return true;
}

struct Allocate final : impl::NPUAllocatePassBase<Allocate> {
  void runOnOperation() override {
    ::aic::npu::Machine machine = getOperation().getMachine().load();
    std::array<SmallVector<Life>, 5> spaces;
    llvm::DenseMap<Operation *, size_t> order;
    size_t time = 0;
    for (Operation &op : getOperation().getBody().front())
      order[&op] = time++;
    for (auto buffer : getOperation().getBody().front().getOps<BufferOp>()) {
      if (buffer.getAddress() || buffer.getResult().use_empty())
        continue;
      size_t begin = time, end = 0;
      for (Operation *user : buffer.getResult().getUsers()) {
        begin = std::min(begin, order[user]);
        end = std::max(end, order[user]);
      }
      spaces[size_t(buffer.getType().getSpace())].push_back(
          Life(buffer, begin, end,
               int64_t(llvm::alignTo(uint64_t(buffer.getBytes()),
                                     machine.space(::aic::npu::Space(buffer.getType().getSpace())).align)),
               order[buffer]));
    }
    for (auto [i, lives] : llvm::enumerate(spaces))
      if (failed(place(lives, int64_t(machine.space(::aic::npu::Space(i)).bytes), stringifySpace(Space(i)))))
        return signalPassFailure();
  }

private:
  LogicalResult place(SmallVector<Life> &lives, int64_t capacity, StringRef space) {
    llvm::sort(lives,
               [](const Life &a, const Life &b) { return std::tie(a.begin, a.number) < std::tie(b.begin, b.number); });
    int64_t cursor = 0;
    for (size_t i = 0; i != lives.size();) {
      // A group: lives that hang together.
      SmallVector<Life *> group;
      size_t end = lives[i].end;
      for (; i != lives.size() && lives[i].begin <= end; ++i) {
        end = std::max(end, lives[i].end);
        group.push_back(&lives[i]);
      }
      if (!placeGroup(group, cursor, capacity)) {
        llvm::sort(group, [](const Life *a, const Life *b) {
          return std::tie(b->bytes, a->number) < std::tie(a->bytes, b->number);
        });
        if (!placeGroup(group, 0, capacity))
          return overflow(group, capacity, space);
      }
      for (Life *life : group) {
        life->op.setAddress(life->address);
        cursor = life->address + life->bytes;
      }
      if (cursor >= capacity)
        cursor = 0;
    }
    return success();
  }

  /// Names what is alive where the most bytes are.
  LogicalResult overflow(ArrayRef<Life *> group, int64_t capacity, StringRef space) {
    size_t worst = 0;
    int64_t most = 0;
    for (const Life *at : group) {
      int64_t bytes = 0;
      for (const Life *other : group)
        if (other->begin <= at->begin && at->begin <= other->end)
          bytes += other->bytes;
      if (bytes > most)
        most = bytes, worst = at->begin;
    }
    InFlightDiagnostic error = group.front()->op.emitOpError() << "expected buffers of at most " << capacity
                                                               << " bytes in " << space << " at a time, got " << most;
    for (Life *life : group)
      if (life->begin <= worst && worst <= life->end)
        error.attachNote(life->op.getLoc())
            << "buffer '" << life->op.getName().value_or("") << "' of " << life->bytes << " bytes";
    return error;
  }
};
} // namespace
} // namespace mlir::npu
