// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cp.async and its groups. The copies of a warp stand in one queue with the group of each lane; in the late mode the
// target is poisoned at issue and the data arrives with the wait that covers it.
#include "Access.h"
#include "Exec.h"
#include "GlobalShadow.h"

namespace aic::ptx {

static bool tracking(const Engine &engine) {
  return engine.options.races || engine.options.async || engine.options.uninitialised;
}

void moveCopyData(Warp &w, CpAsyncOp &op, uint32_t lanes) {
  Block &block = *w.block;
  forLanes(lanes, [&](unsigned l) {
    uint8_t *target = block.shared.data() + op.target[l];
    memset(target + op.valid[l], 0, size_t(op.bytes) - op.valid[l]);
    if (op.valid[l])
      if (uint8_t *source = w.engine->memory.host(op.source[l], op.valid[l]))
        memcpy(target, source, op.valid[l]);
  });
}

void landCopies(Warp &w, uint32_t lanes, uint32_t keep, bool all) {
  Block &block = *w.block;
  bool shadow = tracking(*w.engine);
  auto &copies = w.async.copies;
  size_t kept = 0;
  for (size_t k = 0; k < copies.size(); ++k) {
    CpAsyncOp &op = copies[k];
    uint32_t done = 0;
    forLanes(op.lanes & lanes, [&](unsigned l) {
      uint64_t committed = w.async.committed[l];
      done |= uint32_t(all || uint64_t(op.group[l]) + keep < committed) << l;
    });
    if (done) {
      if (!op.landed)
        moveCopyData(w, op, done);
      if (shadow)
        forLanes(done, [&](unsigned l) {
          block.shadow.land(op.target[l], op.bytes, w.index * 32 + l, block.clocks.clock(w.index), op.pc, true);
        });
      op.lanes &= ~done;
    }
    if (op.lanes) {
      if (kept != k)
        copies[kept] = copies[k];
      ++kept;
    }
  }
  copies.resize(kept);
}

void checkCopySources(Warp &w, uint32_t lanes, const uint64_t *addresses, unsigned bytes) {
  for (Warp &other : w.block->warps)
    for (const CpAsyncOp &op : other.async.copies) {
      uint32_t bad = 0;
      uint64_t at = 0;
      forLanes(op.lanes, [&](unsigned k) {
        forLanes(op.valid[k] ? lanes : 0, [&](unsigned l) {
          if (addresses[l] < op.source[k] + op.valid[k] && op.source[k] < addresses[l] + bytes && !bad)
            bad = 1u << l, at = addresses[l];
        });
      });
      if (bad)
        return w.engine->report(w, "in-flight", bad,
                                "writes " + w.engine->globalName(at, bytes) + ", which the cp.async of line " +
                                    std::to_string(w.engine->lineOf(op.pc)) + " may still read",
                                op.pc);
    }
}

static void runCpAsync(Warp &w, const Inst &i) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  uint64_t targets[32], sources[32];
  uint32_t mask = definedLanes(w, i.op[0], "an address") & definedLanes(w, i.op[1], "an address");
  addressesOf(w, i, 0, i.imm, targets);
  addressesOf(w, i, 1, i.imm2, sources);
  unsigned bytes = unsigned(i.imm3);
  CpAsyncOp op;
  op.pc = w.at;
  op.bytes = uint8_t(bytes);
  uint32_t misaligned = 0, outside = 0, wrong = 0;
  uint64_t size = block.shared.size();
  if (i.count && (w.mask & ~w.defined[i.op[3].index]))
    engine.undefined(w, i.op[3], w.mask & ~w.defined[i.op[3].index], "the size of a copy");
  uint32_t ignore = i.flagB ? truth(w, i, 3) : 0;
  forLanes(mask, [&](unsigned l) {
    misaligned |= uint32_t(((targets[l] | sources[l]) & (bytes - 1)) != 0) << l;
    outside |= uint32_t(bytes > size || targets[l] > size - bytes) << l;
    uint64_t valid = bytes;
    if (i.flagA)
      valid = laneValue(w, i.op[3], i.opSize[3], l) & 0xffffffff;
    if (ignore >> l & 1)
      valid = 0;
    wrong |= uint32_t(valid > bytes) << l;
    op.valid[l] = uint8_t(valid > bytes ? bytes : valid);
  });
  if (misaligned)
    engine.report(w, "misaligned", misaligned,
                  "copy of " + std::to_string(bytes) + " bytes: an address is not a multiple of that");
  if (outside)
    engine.report(w, "bounds", outside,
                  "copies to " + engine.sharedName(targets[__builtin_ctz(outside)]) + ", of which there are " +
                      std::to_string(size) + " bytes");
  if (wrong)
    engine.report(w, "bounds", wrong, "the source of a copy is larger than its target");
  mask &= ~(misaligned | outside | wrong);
  uint32_t good = 0;
  Shadow::Actor actor{w.index, 0, w.at, false, true};
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned l = unsigned(__builtin_ctz(m));
    if (op.valid[l]) {
      if (!engine.global(w, l, sources[l], op.valid[l], false))
        continue;
      if (engine.globalShadow)
        engine.globalShadow->access(w, 1u << l, sources, op.valid[l], false, false);
    }
    op.target[l] = uint32_t(targets[l]);
    op.source[l] = sources[l];
    op.group[l] = w.async.committed[l];
    good |= 1u << l;
    if (tracking(engine)) {
      actor.lane = l;
      Finding finding = block.shadow.beginWrite(actor, targets[l], bytes);
      if (finding.kind && engine.options.races)
        engine.reportFinding(w, finding, 1u << l, true, "copies to");
    }
  }
  if (!good)
    return;
  if (!engine.counters.empty()) {
    countShared(w, good, targets, bytes);
    countGlobal(w, good, sources, bytes);
  }
  op.lanes = good;
  AsyncMode mode = engine.options.asyncMode;
  bool early =
      !engine.options.async || mode == AsyncMode::Early || (mode == AsyncMode::Random && engine.random.below(2));
  if (early) {
    moveCopyData(w, op, good);
    op.landed = true;
  } else {
    forLanes(good, [&](unsigned l) { memset(block.shared.data() + op.target[l], 0xff, bytes); });
  }
  w.async.copies.push_back(op);
}

void selectCpAsync(Selection &s) {
  int64_t bytes = s.out.imm3;
  bool cg = s.has("cg");
  if (cg ? bytes != 16 : bytes != 4 && bytes != 8 && bytes != 16)
    s.error = "'" + s.inst.spelling() + "' expects a size of " + (cg ? "16" : "4, 8 or 16") + " bytes, got " +
              std::to_string(bytes);
  // The fourth operand is the source's size, a predicate that drops the source, or a cache policy.
  const Operand *op = s.operand(3);
  s.out.count = 0;
  if (op) {
    bool predicate =
        op->kind == Operand::Reg && op->reg >= 0 && s.function.registers[unsigned(op->reg)].type == Type::Pred;
    bool policy = s.has("L2::cache_hint") && !s.operand(4);
    s.out.flagB = predicate;
    s.out.flagA = !predicate && !policy;
    s.out.count = 1;
  }
  s.out.run = runCpAsync;
}

static void runCommit(Warp &w, const Inst &) {
  forLanes(w.mask, [&](unsigned l) { ++w.async.committed[l]; });
}
void selectCpCommit(Selection &s) { s.out.run = runCommit; }

static void runWait(Warp &w, const Inst &i) { landCopies(w, w.mask, uint32_t(i.imm3), i.flagA); }
void selectCpWait(Selection &s) {
  s.out.flagA = s.has("wait_all");
  if (s.out.imm3 < 0 || s.out.imm3 > 1 << 20)
    s.error = "expected a number of groups, got " + std::to_string(s.out.imm3);
  s.out.run = runWait;
}

} // namespace aic::ptx
