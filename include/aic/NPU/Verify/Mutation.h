//===- Mutation.h - Programs with one synchronisation error ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Measures the checks: takes a program apart at every wait and signal in turn and looks who notices. What nobody
// notices is either a hole or equivalent: the verifier's acceptance is a proof for every legal run, and `reason` says
// what keeps the order that the mutation took away.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_VERIFY_MUTATION_H
#define AIC_NPU_VERIFY_MUTATION_H

#include "aic/NPU/Verify/SyncVerifier.h"

#include <functional>

namespace aic::npu {

enum class MutationKind : uint8_t {
  DropWait,     // one instruction's wait
  DropSignal,   // one instruction's signal
  DropPair,     // a signal and the wait that takes its token
  RaiseInitial, // one initial token more
  LowerInitial, // one less
  DelayWait,    // the wait gates the next working instruction of its queue instead
};
constexpr unsigned kMutationKinds = 6;
const char *nameOf(MutationKind kind);

struct Mutation {
  MutationKind kind = MutationKind::DropWait;
  uint32_t wait = UINT32_MAX, signal = UINT32_MAX; // pcs, where the kind has them
  unsigned semaphore = 0;
};

/// All of them, by kind, then by place. None if the program is malformed.
std::vector<Mutation> mutations(const Program &program, const VerifyOptions &options = {});

/// The program with the mutation. Instructions keep their places, except behind a delayed wait, which becomes an SWAIT.
Program mutate(const Program &program, const Mutation &mutation);

/// "pc 12 LD ... without its wait for 'free'".
std::string describe(const Program &program, const Mutation &mutation);

struct MutationOptions {
  VerifyOptions verify;
  /// Whether a dynamic check finds fault with a program; none if empty.
  std::function<bool(const Program &)> dynamic;
  /// Mutants of each kind, spread evenly over the program; 0 for all.
  size_t limit = 0;
};

struct MutationReport {
  struct Kind {
    size_t possible = 0, tried = 0;
    size_t verifier = 0;       // flagged with the token-balance check
    size_t withoutBalance = 0; // flagged without it
    size_t dynamic = 0;        // flagged by the dynamic check
    size_t any = 0;            // by the verifier without the balance check, or the dynamic check
    size_t flagged = 0;        // by any of them
    // Flagged by none (or by none but the balance check), and every order of the program provably stays: FewerTokens
    // or Implied below.
    size_t equivalent = 0, equivalentWithoutBalance = 0;
    /// Percent of those that are not equivalent.
    double rate() const { return percent(flagged, tried - equivalent); }
    double rateWithoutBalance() const { return percent(any, tried - equivalentWithoutBalance); }
    Kind &operator+=(const Kind &other);

  private:
    static double percent(size_t part, size_t whole) { return whole ? 100.0 * part / whole : 100.0; }
  };
  /// Why a mutant that the verifier accepts without the balance check behaves as the program does.
  enum class Equivalence : uint8_t {
    FewerTokens, // every wait takes the token of a later signal than before, so every order stays
    Implied,     // every order that the semaphore made stays, by other semaphores and queues
    Unshared,    // an order is gone, between instructions that share no byte or whose sharing is ordered otherwise
  };
  struct Undetected {
    Mutation mutation;
    std::string semaphore, text, reason;
    Equivalence equivalence = Equivalence::Implied;
    bool balanceOnly = false; // the token-balance check alone flags it
  };
  std::string program;
  std::array<Kind, kMutationKinds> kinds;
  std::vector<Undetected> undetected;
  /// What the dynamic check flags and the verifier, without the balance check, accepts. Should be empty.
  std::vector<std::string> missedByVerifier;

  Kind total() const;
  std::string json() const;
  std::string table() const;
};

/// Sums of several programs, for `table` and `json` without their lists.
MutationReport sumOf(const std::vector<MutationReport> &reports);

/// False with the reason if the program itself does not pass.
bool runMutations(const Program &program, const Machine &machine, const MutationOptions &options,
                  MutationReport &report, std::string &error);

} // namespace aic::npu

#endif // AIC_NPU_VERIFY_MUTATION_H
