// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Recurrent.cpp - RNN, GRU and LSTM ----------------------------------===//
//
// The products with the inputs of all steps are one matrix product; what is
// unrolled is a step's product with the state before it. Sequences that are
// long, or whose length only run time knows, are loops.
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic::onnx_import {
namespace {

constexpr int64_t kMaxSteps = 512;

/// The attributes and operands that the three operators share, of one direction at a time.
struct Recurrence {
  Node &n;
  int64_t gates;
  int64_t hidden = 0, steps = 0, directions = 1;
  bool isReverse = false, isBatchFirst = false;
  std::optional<double> clip;
  SmallVector<std::string> activations;
  Value x, lengths;
  Extent batch = 0;

  Recurrence(Node &n, int64_t gates) : n(n), gates(gates) {}

  bool read(ArrayRef<StringRef> defaults) {
    x = n.in(0);
    std::string direction = n.getString("direction", "forward");
    isBatchFirst = n.getBool("layout", false);
    if (n.hasAttribute("clip"))
      clip = n.getFloat("clip", 0);
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
      n.error("attribute 'direction': got '" + direction + "'");
    directions = direction == "bidirectional" ? 2 : 1;
    isReverse = direction == "reverse";
    n.expectRank(x, 3, 3, "operand 0");
    n.expectRank(n.in(1), 3, 3, "operand 1");
    n.expectRank(n.in(2), 3, 3, "operand 2");
    if (n.failed())
      return false;
    if (isBatchFirst)
      x = n.transpose(x, {1, 0, 2});
    steps = n.dim(x, 0);
    hidden = n.dim(n.in(2), 2);
    batch = n.extent(x, 1);
    if (ShapedType::isDynamic(hidden))
      n.unsupported("weights of unknown shape");
    else if (int64_t declared = n.getInt("hidden_size", hidden); declared != hidden)
      n.error("attribute 'hidden_size': expected " + Twine(hidden) + ", got " + Twine(declared));
    if (std::optional<SmallVector<std::string>> names = n.getStrings("activations"))
      activations = *names;
    else
      for (int64_t d = 0; d < directions; ++d)
        for (StringRef name : defaults)
          activations.push_back(name.str());
    if (activations.size() != defaults.size() * size_t(directions) && !n.failed())
      n.error("attribute 'activations': expected " + Twine(defaults.size() * size_t(directions)) + ", got " +
              Twine(activations.size()));
    if (n.hasAttribute("activation_alpha") || n.hasAttribute("activation_beta"))
      n.unsupported("parameters of activations");
    if (Value l = n.optional(4))
      lengths = n.cast(l, n.b.getI64Type());
    return !n.failed();
  }

  Value activate(size_t i, Value v) {
    std::string name = StringRef(activations[i]).lower();
    if (clip) {
      v = n.minimum(n.maximum(v, n.scalarLike(v, -*clip)), n.scalarLike(v, *clip));
    }
    if (name == "sigmoid")
      return n.unary<SigmoidOp>(v);
    if (name == "tanh")
      return n.unary<TanhOp>(v);
    if (name == "relu")
      return n.unary<ReluOp>(v);
    if (name == "softsign")
      return n.div(v, n.add(n.unary<AbsOp>(v), 1));
    n.unsupported("activation '" + activations[i] + "'");
    return {};
  }

  /// Row `direction` of an operand.
  Value row(Value v, int64_t direction) {
    return v ? n.squeeze(n.slice(v, 0, direction, direction + 1), {0}) : Value();
  }
  /// The part of a vector or of the last dimension that belongs to one gate.
  Value gate(Value v, int64_t i) { return n.slice(v, n.rank(v) - 1, i * hidden, (i + 1) * hidden); }
  Value initial(unsigned operand, int64_t direction) {
    if (Value v = n.optional(operand)) {
      if (isBatchFirst)
        v = n.transpose(v, {1, 0, 2});
      return row(v, direction);
    }
    SmallVector<Extent> shape{batch, hidden};
    return n.broadcast(n.scalarLike(x, 0), n.toVector(shape));
  }
  /// The products with the inputs of all steps, [steps, batch, gates * hidden].
  Value inputProducts(int64_t direction) { return n.matmul(x, n.transpose(row(n.in(1), direction), {1, 0})); }
  bool isLoop() const { return ShapedType::isDynamic(steps) || steps > kMaxSteps; }

  using Step = function_ref<void(Value products, MutableArrayRef<Value> state)>;
  /// Runs one direction; `state[0]` is what the result shows of each step.
  void run(int64_t direction, MutableArrayRef<Value> state, Value products, SmallVectorImpl<Value> &shown, Step step) {
    bool isBackward = isReverse || direction == 1;
    if (isLoop()) {
      shown.assign(1, runLoop(isBackward, state, products, step));
      return;
    }
    shown.assign(size_t(steps), Value());
    for (int64_t i = 0; i < steps && !n.failed(); ++i) {
      int64_t t = isBackward ? steps - 1 - i : i;
      shown[size_t(t)] = runStep(n.squeeze(n.slice(products, 0, t, t + 1), {0}), n.index(t), state, step);
    }
  }

  /// One step; what the result shows of it. Behind the end of a sequence that is 0 and the state stays.
  Value runStep(Value products, Value t, MutableArrayRef<Value> state, Step step) {
    SmallVector<Value> before(state.begin(), state.end());
    step(products, state);
    if (!lengths)
      return state[0];
    Value inside = n.unsqueeze(n.compare(Predicate::gt, lengths, t), {1});
    Value shown = n.select(inside, state[0], n.scalarLike(x, 0));
    for (auto [now, old] : llvm::zip(state, before))
      now = n.select(inside, now, old);
    return shown;
  }

  /// All steps as a loop; what the result shows of them, [steps, batch, hidden].
  Value runLoop(bool isBackward, MutableArrayRef<Value> state, Value products, Step step) {
    Value length = n.toScalar(n.extent(x, 0)), last = n.sub(length, n.index(1));
    SmallVector<Extent> none{Extent(0), batch, hidden};
    Value all = n.broadcast(n.scalarLike(x, 0), n.toVector(none));
    if (n.failed())
      return {};
    // The rows so far: their number is not that of the first turn.
    SmallVector<int64_t> shape(cast<RankedTensorType>(all.getType()).getShape());
    shape[0] = ShapedType::kDynamic;
    all = tensor::CastOp::create(n.b, n.loc, RankedTensorType::get(shape, n.elem(all)), all);
    SmallVector<Value> initial{n.index(0), all};
    initial.append(state.begin(), state.end());
    auto goesOn = [&](ArrayRef<Value> values) { return n.compare(Predicate::lt, values[0], length); };
    auto turn = [&](ArrayRef<Value> values) -> SmallVector<Value> {
      Value t = isBackward ? n.sub(last, values[0]) : values[0];
      SmallVector<Value> next(values.drop_front(2));
      Value row = n.unsqueeze(runStep(n.gather(products, t, 0), t, next, step), {0}), rows = values[1];
      if (n.wants(0))
        rows = isBackward ? n.concat({row, rows}, 0) : n.concat({rows, row}, 0);
      SmallVector<Value> results{n.add(values[0], n.index(1)), rows};
      results.append(next);
      return results;
    };
    SmallVector<Value> ends = whileLoop(n, initial, goesOn, turn);
    llvm::copy(ArrayRef(ends).drop_front(2), state.begin());
    return n.wants(0) ? n.reshape(ends[1], ArrayRef<Extent>{n.extent(x, 0), batch, Extent(hidden)}) : Value();
  }

  /// Puts the directions' results together: all steps, then the last states.
  void finish(ArrayRef<SmallVector<Value>> shown, ArrayRef<SmallVector<Value>> states) {
    if (n.failed())
      return;
    if (steps == 0)
      return n.unsupported("a sequence without steps");
    if (n.wants(0) && isLoop()) {
      SmallVector<Value> both;
      for (ArrayRef<Value> direction : shown)
        both.push_back(n.unsqueeze(direction[0], {1}));
      Value y = n.concat(both, 1);
      n.out(0, isBatchFirst ? n.transpose(y, {2, 0, 1, 3}) : y);
    } else if (n.wants(0)) {
      SmallVector<Value> all;
      for (int64_t t = 0; t < steps; ++t) {
        SmallVector<Value> both;
        for (ArrayRef<Value> direction : shown)
          both.push_back(n.unsqueeze(direction[size_t(t)], {0, 1}));
        all.push_back(n.concat(both, 1));
      }
      Value y = n.concat(all, 0); // [steps, directions, batch, hidden]
      n.out(0, isBatchFirst ? n.transpose(y, {2, 0, 1, 3}) : y);
    }
    for (unsigned i = 0; i < states[0].size(); ++i) {
      SmallVector<Value> both;
      for (ArrayRef<Value> direction : states)
        both.push_back(n.unsqueeze(direction[i], {0}));
      Value y = n.concat(both, 0);
      n.out(i + 1, isBatchFirst ? n.transpose(y, {1, 0, 2}) : y);
    }
  }
};

void rnn(Node &n) {
  Recurrence r(n, 1);
  if (!r.read({"Tanh"}))
    return;
  SmallVector<SmallVector<Value>> shown(size_t(r.directions)), states;
  for (int64_t d = 0; d < r.directions; ++d) {
    Value weights = n.transpose(r.row(n.in(2), d), {1, 0}), bias = r.row(n.optional(3), d);
    Value products = r.inputProducts(d);
    if (bias)
      products = n.add(products, n.add(r.gate(bias, 0), r.gate(bias, 1)));
    SmallVector<Value> state{r.initial(5, d)};
    r.run(d, state, products, shown[size_t(d)], [&](Value input, MutableArrayRef<Value> s) {
      s[0] = r.activate(size_t(d), n.add(input, n.matmul(s[0], weights)));
    });
    states.push_back(state);
  }
  r.finish(shown, states);
}

/// Gates in the order z (update), r (reset), h (hidden).
void gru(Node &n) {
  Recurrence r(n, 3);
  bool resetsAfter = n.getBool("linear_before_reset", false);
  if (!r.read({"Sigmoid", "Tanh"}))
    return;
  SmallVector<SmallVector<Value>> shown(size_t(r.directions)), states;
  int64_t h = r.hidden;
  for (int64_t d = 0; d < r.directions; ++d) {
    size_t first = size_t(2 * d);
    Value weights = n.transpose(r.row(n.in(2), d), {1, 0}), bias = r.row(n.optional(3), d), recurrentBias;
    Value gateWeights = n.slice(weights, 1, 0, 2 * h), hiddenWeights = n.slice(weights, 1, 2 * h, 3 * h);
    Value products = r.inputProducts(d);
    if (bias) {
      products = n.add(products, n.slice(bias, 0, 0, 3 * h));
      recurrentBias = n.slice(bias, 0, 3 * h, 6 * h);
    }
    SmallVector<Value> state{r.initial(5, d)};
    r.run(d, state, products, shown[size_t(d)], [&](Value input, MutableArrayRef<Value> s) {
      Value gates = n.add(n.slice(input, 1, 0, 2 * h), n.matmul(s[0], gateWeights));
      if (recurrentBias)
        gates = n.add(gates, n.slice(recurrentBias, 0, 0, 2 * h));
      gates = r.activate(first, gates);
      Value update = r.gate(gates, 0), reset = r.gate(gates, 1);
      Value inner = n.matmul(resetsAfter ? s[0] : n.mul(reset, s[0]), hiddenWeights);
      if (recurrentBias)
        inner = n.add(inner, r.gate(recurrentBias, 2));
      if (resetsAfter)
        inner = n.mul(reset, inner);
      Value candidate = r.activate(first + 1, n.add(r.gate(input, 2), inner));
      s[0] = n.add(n.mul(n.sub(n.scalarLike(update, 1), update), candidate), n.mul(update, s[0]));
    });
    states.push_back(state);
  }
  r.finish(shown, states);
}

/// Gates in the order i (input), o (output), f (forget), c (cell).
void lstm(Node &n) {
  Recurrence r(n, 4);
  bool couples = n.getBool("input_forget", false);
  if (!r.read({"Sigmoid", "Tanh", "Tanh"}))
    return;
  SmallVector<SmallVector<Value>> shown(size_t(r.directions)), states;
  for (int64_t d = 0; d < r.directions; ++d) {
    size_t first = size_t(3 * d);
    Value weights = n.transpose(r.row(n.in(2), d), {1, 0}), bias = r.row(n.optional(3), d),
          peepholes = r.row(n.optional(7), d);
    Value products = r.inputProducts(d);
    if (bias)
      products =
          n.add(products, n.add(n.slice(bias, 0, 0, 4 * r.hidden), n.slice(bias, 0, 4 * r.hidden, 8 * r.hidden)));
    SmallVector<Value> state{r.initial(5, d), r.initial(6, d)};
    r.run(d, state, products, shown[size_t(d)], [&](Value input, MutableArrayRef<Value> s) {
      Value gates = n.add(input, n.matmul(s[0], weights));
      auto gate = [&](int64_t i, int64_t peephole, Value cell) {
        Value g = r.gate(gates, i);
        return peepholes ? n.add(g, n.mul(r.gate(peepholes, peephole), cell)) : g;
      };
      Value in = r.activate(first, gate(0, 0, s[1]));
      Value forget = couples ? n.sub(n.scalarLike(in, 1), in) : r.activate(first, gate(2, 2, s[1]));
      Value candidate = r.activate(first + 1, r.gate(gates, 3));
      s[1] = n.add(n.mul(forget, s[1]), n.mul(in, candidate));
      Value out = r.activate(first, gate(1, 1, s[1]));
      Value shownCell = s[1];
      std::optional<double> clip = std::exchange(r.clip, std::nullopt);
      s[0] = n.mul(out, r.activate(first + 2, shownCell));
      r.clip = clip;
    });
    states.push_back(state);
  }
  r.finish(shown, states);
}

} // namespace

void addRecurrent(HandlerTable &table) {
  table.add("GRU", 3, 6, gru);
  table.add("LSTM", 3, 8, lstm);
  table.add("RNN", 3, 6, rnn);
}

} // namespace mlir::aic::onnx_import
