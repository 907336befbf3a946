//===- Order.h - Which instruction is complete before which starts -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Happens-before of one core, by vector clocks over its engines, and the accesses that later ones must be ordered
// after. Used by the sync verifier and by the compiler's sync insertion. The rules, and nothing else orders anything:
//
//  * A queue starts its instructions in order. MV, MX, FX and VX run one at a time: an instruction starts after the one
//    before it in its queue is complete.
//  * LD and ST with max_inflight > 1 start an instruction after the one before it has *started*. They complete in
//  order,
//    so the completion of one implies that of all before it in the queue. (That max_inflight bounds how many are in
//    flight is a capacity and orders nothing here: a faster memory must not break a program.)
//  * A signal is given at completion, a wait gates the start. The k-th signal of a semaphore pairs with its k-th wait.
//  * An instruction touches its bytes at any time between its start and its completion. So two writes of one LD queue
//  to
//    the same bytes need a semaphore between them if both can be in flight: silicon may interleave their bursts.
//  * Semaphores carry the order of DRAM too: ST completes when the memory has acknowledged the write.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_VERIFY_ORDER_H
#define AIC_NPU_VERIFY_ORDER_H

#include "aic/NPU/Verify/Access.h"

#include <functional>

namespace aic::npu {

/// The place of an instruction in its queue, counted over the whole run of the program.
struct QueuePosition {
  Engine engine = Engine::S;
  uint32_t index = 0;
  bool operator==(QueuePosition other) const { return engine == other.engine && index == other.index; }
};

/// For each queue, how many of its first instructions have started or completed.
struct Clock {
  std::array<uint32_t, kEngines> started{}, completed{};
  void merge(const Clock &other);
};

/// Whether several instructions of an engine may be in flight on this machine.
bool overlapsItself(const Machine &machine, Engine engine);

/// Answers "is p complete before c starts, in every legal run?".
class OrderTracker {
public:
  explicit OrderTracker(const Machine &machine);

  /// Appends the next instruction of a queue.
  QueuePosition append(Engine engine);
  /// Lets the last instruction of its queue start only after `earlier` is complete (a token from `earlier` to `later`).
  void order(QueuePosition earlier, QueuePosition later);

  bool isOrdered(QueuePosition earlier, QueuePosition later) const {
    return start(later).completed[index(earlier)] > earlier.index;
  }
  /// What is known to have happened when an instruction starts, and when it is complete (itself included).
  const Clock &start(QueuePosition position) const { return starts[index(position)][position.index]; }
  Clock completion(QueuePosition position) const;
  uint32_t size(Engine engine) const { return static_cast<uint32_t>(starts[static_cast<size_t>(engine)].size()); }

private:
  static size_t index(QueuePosition position) { return static_cast<size_t>(position.engine); }
  std::array<std::vector<Clock>, kEngines> starts;
  std::array<bool, kEngines> overlaps{};
};

/// The accesses so far that a later one may conflict with, found by address.
class AccessHistory {
public:
  struct Entry {
    QueuePosition position;
    uint32_t id; // of the caller
    Access access;
  };

  /// Calls `visit` for every recorded access of the same memory, one of the two being a write, whose bounding interval
  /// meets the box's. The caller asks commonByte() where it matters. Order of calls: unspecified but deterministic.
  void candidates(const Access &access, const std::function<void(const Entry &)> &visit);

  void record(const Access &access, QueuePosition position, uint32_t id);
  /// Records a write, and drops the accesses that it covers. Only once the write is ordered after all of them: whatever
  /// conflicts with them later conflicts with the write too.
  void supersede(const Access &access, QueuePosition position, uint32_t id);
  /// From now on drops accesses of instructions that every later one is ordered after: the first floor[engine] of a
  /// queue.
  void forget(const std::array<uint32_t, kEngines> &floor) { this->floor = floor; }

private:
  using Buckets = std::map<int64_t, std::vector<Entry>>;
  // Accesses by the bits of their bounding interval's length and by its begin in units of that power of two, so that an
  // interval lies in one bucket and a query meets few others.
  struct Index {
    std::map<unsigned, Buckets> classes;
  };
  template <typename FnT> void visitBuckets(Index &index, int64_t begin, int64_t end, FnT visit);
  bool isForgotten(const Entry &entry) const {
    return entry.position.index < floor[static_cast<size_t>(entry.position.engine)];
  }
  std::array<Index, Memory::kCount> reads, writes;
  std::array<uint32_t, kEngines> floor{};
};

} // namespace aic::npu

#endif // AIC_NPU_VERIFY_ORDER_H
