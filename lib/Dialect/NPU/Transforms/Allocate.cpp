// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Allocate.cpp - Addresses for the buffers of a program --------------===//
//
// Groups of lives that hang together are placed one after another. Each group is placed in three ways, of which only
// the first depends on the groups before it: so a group that a later way places goes into every program, which is what
// findOverflow answers for a part of one.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/NPU/Transforms/Allocation.h"
#include "aic/Dialect/NPU/Transforms/FirstFit.h"
#include "aic/Dialect/NPU/Transforms/Passes.h"
#include "aic/NPU/Machine.h"
#include "llvm/Support/FormatVariadic.h"
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

class Allocator {
public:
  Allocator(iterator_range<Block::iterator> ops, const ::aic::npu::Machine &machine);
  /// Places each memory's buffers; with `alone`, in ways that do not depend on what came before.
  std::optional<Overflow> run(bool alone);
  void setAddresses() {
    for (SmallVector<Life> &lives : spaces)
      for (Life &life : lives)
        life.op.setAddress(life.address);
  }

private:
  std::optional<Overflow> place(SmallVector<Life> &lives, ArrayRef<Life> fixed, Space space, bool alone);

  const ::aic::npu::Machine &machine;
  std::array<SmallVector<Life>, 5> spaces, fixed; // the latter have addresses already
};
} // namespace

Allocator::Allocator(iterator_range<Block::iterator> ops, const ::aic::npu::Machine &machine) : machine(machine) {
  llvm::DenseMap<Operation *, size_t> order;
  size_t time = 0, number = 0;
  for (Operation &op : ops)
    if (InstructionOp::get(&op))
      order[&op] = time++;
  for (Operation &op : ops) {
    auto buffer = dyn_cast<BufferOp>(op);
    if (!buffer || buffer.getResult().use_empty())
      continue;
    size_t begin = time, end = 0;
    for (Operation *user : buffer.getResult().getUsers()) {
      size_t at = order.lookup(user);
      begin = std::min(begin, at);
      end = std::max(end, at);
    }
    Space space = buffer.getType().getSpace();
    uint64_t bytes =
        llvm::alignTo(uint64_t(buffer.getBytes()), machine.space(::aic::npu::Space(unsigned(space))).align);
    Life life(buffer, begin, end, int64_t(bytes), number++);
    if (std::optional<int64_t> address = buffer.getAddress()) {
      life.address = *address;
      fixed[size_t(space)].push_back(life);
    } else {
      spaces[size_t(space)].push_back(life);
    }
  }
}

/// Places a group after `from`, apart from `fixed`; false if it does not fit.
static bool placeGroup(ArrayRef<Life *> group, ArrayRef<Life> fixed, int64_t from, int64_t capacity) {
  SmallVector<const LifeSpan *> placed;
  for (const Life &life : fixed)
    placed.push_back(&life);
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

/// What is alive where the most bytes are.
static Overflow describe(ArrayRef<Life *> free, ArrayRef<Life> fixed, Space space, int64_t capacity) {
  SmallVector<const Life *> group(free);
  for (const Life &life : fixed)
    group.push_back(&life);
  Overflow result;
  result.space = space;
  result.capacity = capacity;
  size_t worst = 0;
  for (const Life *at : group) {
    int64_t bytes = 0;
    for (const Life *other : group)
      if (other->begin <= at->begin && at->begin <= other->end)
        bytes += other->bytes;
    if (bytes > result.bytes)
      result.bytes = bytes, worst = at->begin;
  }
  for (const Life *life : group)
    if (life->begin <= worst && worst <= life->end)
      result.buffers.push_back({BufferOp(life->op).getLoc(), BufferOp(life->op).getName().value_or("").str(),
                                life->bytes, life->begin, life->end});
  return result;
}

std::optional<Overflow> Allocator::place(SmallVector<Life> &lives, ArrayRef<Life> fixed, Space space, bool alone) {
  int64_t capacity = int64_t(machine.space(::aic::npu::Space(unsigned(space))).bytes), cursor = 0;
  llvm::sort(lives,
             [](const Life &a, const Life &b) { return std::tie(a.begin, a.number) < std::tie(b.begin, b.number); });
  for (size_t i = 0; i != lives.size();) {
    // A group: lives that hang together.
    SmallVector<Life *> group;
    size_t end = lives[i].end;
    for (; i != lives.size() && lives[i].begin <= end; ++i) {
      end = std::max(end, lives[i].end);
      group.push_back(&lives[i]);
    }
    SmallVector<Life *> largestFirst(group);
    llvm::sort(largestFirst, [](const Life *a, const Life *b) {
      return std::tie(b->bytes, a->number) < std::tie(a->bytes, b->number);
    });
    Life *last = group.back();
    if (alone || !placeGroup(group, fixed, cursor, capacity)) {
      if (placeGroup(largestFirst, fixed, 0, capacity))
        last = largestFirst.back();
      else if (!placeGroup(group, fixed, 0, capacity))
        return describe(group, fixed, space, capacity);
    }
    cursor = last->address + last->bytes;
    if (cursor >= capacity)
      cursor = 0;
  }
  return std::nullopt;
}

std::optional<Overflow> Allocator::run(bool alone) {
  for (auto [i, lives] : llvm::enumerate(spaces))
    if (std::optional<Overflow> overflow = place(lives, fixed[i], Space(i), alone))
      return overflow;
  return std::nullopt;
}

std::string Overflow::message() const {
  return llvm::formatv("expected buffers of at most {0} bytes in {1} at a time, got {2}{3}", capacity,
                       stringifySpace(space), bytes, bytes > capacity ? "" : " with gaps between them");
}

void Overflow::attachNotes(Diagnostic &diagnostic) const {
  for (const Buffer &buffer : buffers)
    diagnostic.attachNote(buffer.loc) << "buffer '" << buffer.name << "' of " << buffer.bytes
                                      << " bytes, used from instruction " << buffer.first << " to " << buffer.last;
}

std::optional<Overflow> allocateBuffers(iterator_range<Block::iterator> ops, const ::aic::npu::Machine &machine) {
  Allocator allocator(ops, machine);
  std::optional<Overflow> overflow = allocator.run(/*alone=*/false);
  if (!overflow)
    allocator.setAddresses();
  return overflow;
}

std::optional<Overflow> findOverflow(iterator_range<Block::iterator> ops, const ::aic::npu::Machine &machine) {
  return Allocator(ops, machine).run(/*alone=*/true);
}

namespace {
struct Allocate final : impl::NPUAllocatePassBase<Allocate> {
  void runOnOperation() override {
    Block &block = getOperation().getBody().front();
    ::aic::npu::Machine machine = getOperation().getMachine().load();
    for (auto buffer : block.getOps<BufferOp>()) {
      const auto &space = machine.space(::aic::npu::Space(unsigned(buffer.getType().getSpace())));
      int64_t address = buffer.getAddress().value_or(0), capacity = int64_t(space.bytes);
      if (buffer.getAddress() && (address % int64_t(space.align) || address > capacity - buffer.getBytes())) {
        buffer.emitOpError() << "expected a multiple of " << space.align << " that ends within the " << capacity
                             << " bytes of " << stringifySpace(buffer.getType().getSpace()) << ", got " << address;
        return signalPassFailure();
      }
    }
    std::optional<Overflow> overflow = allocateBuffers({block.begin(), block.end()}, machine);
    if (!overflow)
      return;
    InFlightDiagnostic error = emitError(overflow->buffers.front().loc) << overflow->message();
    overflow->attachNotes(*error.getUnderlyingDiagnostic());
    signalPassFailure();
  }
};
} // namespace
} // namespace mlir::npu
