// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- InsertSync.cpp - Semaphores where bytes are shared -----------------===//
//
// One walk in program order finds, for each instruction, the latest conflicting instruction of every engine that
// nothing orders before it yet: completions of a queue are in order, so that one stands for all. Vector clocks keep
// what is ordered (OrderTracker), hence no order is asked for that follows from others.
//
// The orders from engine P to engine C rise in both engines' queues, so tokens can be taken in the order they are
// given: the k-th signal is for the k-th wait. With `cap` tokens under way at most, signal k + cap must come after wait
// k has started. Where nothing gives that, the order is added from the waiter back to the signaller; where even program
// order is against it, another semaphore takes turns.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/NPU/Transforms/Passes.h"
#include "aic/NPU/Machine.h"
#include "aic/NPU/Verify/Order.h"
#include "mlir/IR/Builders.h"

namespace mlir::npu {
#define GEN_PASS_DEF_NPUINSERTSYNCPASS
#include "aic/Dialect/NPU/Transforms/Passes.h.inc"

namespace hw = ::aic::npu;

namespace {
/// An order between two instructions, by their places in the program.
struct Edge {
  size_t from, to;
};

class Synchroniser {
public:
  Synchroniser(ProgramOp program) : program(program), machine(program.getMachine().load()), tracker(machine) {}
  LogicalResult run();

private:
  using Pair = std::pair<unsigned, unsigned>; // engines: producer, consumer
  struct Channel {
    std::vector<Edge> edges; // rising in both
    unsigned semaphores = 1;
  };

  void collect();
  void findEdges();
  /// Makes room for every token; may add edges.
  LogicalResult bound();
  LogicalResult assign();
  Pair pairOf(Edge edge) const { return {unsigned(positions[edge.from].engine), unsigned(positions[edge.to].engine)}; }

  ProgramOp program;
  hw::Machine machine;
  hw::OrderTracker tracker;
  std::vector<Operation *> ops;
  std::vector<hw::QueuePosition> positions;
  std::map<Pair, Channel> channels;
};
} // namespace

void Synchroniser::findEdges() {
  hw::AccessHistory history;
  llvm::StringMap<unsigned> segments;
  for (auto [i, segment] : llvm::enumerate(program.getBody().front().getOps<SegmentOp>()))
    segments[segment.getSymName()] = unsigned(i);
  std::vector<hw::Access> touched;
  for (Operation &op : program.getBody().front()) {
    InstructionOp inst = InstructionOp::get(&op);
    if (!inst || inst.getEngine() == hw::Engine::S)
      continue;
    size_t number = ops.size();
    ops.push_back(&op);
    hw::QueuePosition here = tracker.append(inst.getEngine());
    positions.push_back(here);
    touched.clear();
    hw::accesses(inst.resolve([&](StringRef name) { return segments.lookup(name); }), hw::AddressRegisters{}, machine,
                 touched);
    // The latest conflict of each engine, newest first: it often implies the older ones.
    std::array<int64_t, hw::kEngines> latest;
    latest.fill(-1);
    for (const hw::Access &access : touched)
      history.candidates(access, [&](const hw::AccessHistory::Entry &entry) {
        int64_t &best = latest[size_t(entry.position.engine)];
        if (int64_t(entry.id) <= best || tracker.isOrdered(entry.position, here) ||
            hw::commonByte(entry.access.box, access.box) < 0)
          return;
        best = entry.id;
      });
    llvm::sort(latest, std::greater<>());
    for (int64_t from : latest) {
      if (from < 0 || tracker.isOrdered(positions[size_t(from)], here))
        continue;
      tracker.order(positions[size_t(from)], here);
      Edge edge{size_t(from), number};
      channels[pairOf(edge)].edges.push_back(edge);
    }
    for (const hw::Access &access : touched)
      access.write ? history.supersede(access, here, uint32_t(number)) : history.record(access, here, uint32_t(number));
  }
}

LogicalResult Synchroniser::bound() {
  size_t most = machine.semaphoreMax;
  bool again = true;
  for (unsigned round = 0; again; ++round) {
    again = false;
    std::vector<Edge> added;
    for (auto &[pair, channel] : channels) {
      size_t count = channel.edges.size();
      for (;; ++channel.semaphores) {
        size_t cap = most * channel.semaphores;
        bool possible = true;
        for (size_t k = 0; k + cap < count && possible; ++k)
          possible = channel.edges[k].to < channel.edges[k + cap].from;
        if (possible)
          break;
      }
      size_t cap = most * channel.semaphores;
      for (size_t k = 0; k + cap < count; ++k) {
        size_t waiter = channel.edges[k].to, signaller = channel.edges[k + cap].from;
        hw::QueuePosition w = positions[waiter], s = positions[signaller];
        if (tracker.start(s).started[size_t(w.engine)] > w.index)
          continue;
        // Nothing orders the wait before the signal that would be one too many. (The clocks of what was walked before
        // do not learn of it, which only means an order may be stated twice.)
        Channel &back = channels[{pair.second, pair.first}];
        auto place = llvm::lower_bound(back.edges, signaller, [](const Edge &e, size_t to) { return e.to < to; });
        if (place != back.edges.end() && place->to == signaller && place->from >= waiter)
          continue;
        if (place != back.edges.begin() && std::prev(place)->from >= waiter)
          continue; // an earlier instruction of that queue waits for as much
        added.push_back({waiter, signaller});
      }
    }
    for (Edge edge : added) {
      std::vector<Edge> &edges = channels[pairOf(edge)].edges;
      auto place = llvm::lower_bound(edges, edge.to, [](const Edge &e, size_t to) { return e.to < to; });
      if (place != edges.begin() && std::prev(place)->from >= edge.from)
        continue;
      // Keep both ends rising: what the new one implies goes.
      if (place != edges.end() && place->to == edge.to) {
        place->from = std::max(place->from, edge.from);
      } else {
        place = edges.insert(place, edge);
      }
      auto last = std::next(place);
      while (last != edges.end() && last->from <= place->from)
        ++last;
      edges.erase(std::next(place), last);
      again = true;
    }
    if (round == 64)
      return program.emitError("expected semaphores to come to rest");
  }
  return success();
}

LogicalResult Synchroniser::assign() {
  unsigned needed = 0;
  for (auto &[pair, channel] : channels)
    needed += channel.edges.empty() ? 0 : channel.semaphores;
  if (needed > machine.semaphores)
    return program.emitError() << "expected a program of at most " << machine.semaphores
                               << " semaphores, as the machine '" << machine.name << "' has, got " << needed;
  OpBuilder b(program.getContext());
  std::map<size_t, SmallVector<int>> waits, signals;
  b.setInsertionPointToStart(&program.getBody().front());
  for (Operation &op : program.getBody().front())
    if (isa<SegmentOp>(op))
      b.setInsertionPointAfter(&op);
  int next = 0;
  for (auto &[pair, channel] : channels) {
    if (channel.edges.empty())
      continue;
    for (unsigned s = 0; s != channel.semaphores; ++s)
      SemaphoreOp::create(b, program.getLoc(), uint32_t(next + int(s)), Engine(pair.first), Engine(pair.second), 0u);
    for (auto [k, edge] : llvm::enumerate(channel.edges)) {
      int semaphore = next + int(k % channel.semaphores);
      signals[edge.from].push_back(semaphore);
      waits[edge.to].push_back(semaphore);
    }
    next += int(channel.semaphores);
  }
  for (auto &[number, list] : waits) {
    Operation *op = ops[number];
    InstructionOp inst = InstructionOp::get(op);
    b.setInsertionPoint(op);
    for (int semaphore : ArrayRef<int>(list).drop_back())
      InstructionOp::create(b, op->getLoc(), hw::Opcode::SWAIT, inst.getEngine()).setWait(semaphore);
    inst.setWait(list.back());
  }
  for (auto &[number, list] : signals) {
    Operation *op = ops[number];
    InstructionOp inst = InstructionOp::get(op);
    inst.setSignal(list.front());
    b.setInsertionPointAfter(op);
    for (int semaphore : ArrayRef<int>(list).drop_front())
      InstructionOp::create(b, op->getLoc(), hw::Opcode::SSIG, inst.getEngine()).setSignal(semaphore);
  }
  return success();
}

LogicalResult Synchroniser::run() {
  findEdges();
  return success(succeeded(bound()) && succeeded(assign()));
}

namespace {
struct InsertSync final : impl::NPUInsertSyncPassBase<InsertSync> {
  void runOnOperation() override {
    if (failed(Synchroniser(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
} // namespace mlir::npu
