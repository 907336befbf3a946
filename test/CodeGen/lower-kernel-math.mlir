// RUN: aic-opt --aic-lower-kernel-math %s | FileCheck %s

// Vectors never become calls.
// CHECK-LABEL: func.func @vectors
// CHECK-NOT: math.{{(exp|tanh|erf|log|sin|powf|sinh|tan|asinh)}} %{{.*}} : vector
func.func @vectors(%x: vector<8xf32>, %y: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp %x : vector<8xf32>
  %1 = math.tanh %0 : vector<8xf32>
  %2 = math.erf %1 : vector<8xf32>
  %3 = math.log %2 : vector<8xf32>
  %4 = math.sin %3 : vector<8xf32>
  %5 = math.powf %4, %y : vector<8xf32>
  %6 = math.sinh %5 : vector<8xf32>
  %7 = math.tan %6 : vector<8xf32>
  %8 = math.asinh %7 : vector<8xf32>
  return %8 : vector<8xf32>
}

// Doubles are libm's, one by one; large arguments of sin and cos too.
// CHECK-LABEL: func.func @doubles
// CHECK-COUNT-2: math.powf {{.*}} : f64
// CHECK-NOT: math.powf
// CHECK: return
func.func @doubles(%x: vector<2xf64>, %y: vector<2xf64>) -> vector<2xf64> {
  %0 = math.powf %x, %y : vector<2xf64>
  return %0 : vector<2xf64>
}

// CHECK-LABEL: func.func @circular
// CHECK: %[[ANY:.*]] = vector.reduction <or>
// CHECK: scf.if %[[ANY]]
// CHECK-COUNT-4: math.cos {{.*}} : f32
// CHECK: } else {
// CHECK-NOT: math.cos
// CHECK: vector.shape_cast {{.*}} to vector<2x2xf32>
func.func @circular(%x: vector<2x2xf32>) -> vector<2x2xf32> {
  %0 = math.cos %x : vector<2x2xf32>
  return %0 : vector<2x2xf32>
}

// Contraction would undo the care of two-part arithmetic.
// CHECK-LABEL: func.func @power
// CHECK-NOT: math.powf
// CHECK-NOT: contract
// CHECK: return
func.func @power(%x: vector<8xf32>, %y: vector<8xf32>) -> vector<8xf32> {
  %0 = math.powf %x, %y : vector<8xf32>
  return %0 : vector<8xf32>
}

// Common functions on scalars are written out, rare ones are libm's.
// CHECK-LABEL: func.func @scalars
// CHECK-NOT: math.exp
// CHECK: math.sin
// CHECK: math.exp {{.*}} : f64
func.func @scalars(%x: f32, %d: f64) -> (f32, f64) {
  %0 = math.exp %x : f32
  %1 = math.sin %0 : f32
  %2 = math.exp %d : f64
  return %1, %2 : f32, f64
}

// CHECK-LABEL: func.func @contract
// CHECK: arith.mulf {{.*}} fastmath<contract>
// CHECK: arith.addf {{.*}} fastmath<contract>
func.func @contract(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = arith.mulf %x, %x : vector<8xf32>
  %1 = arith.addf %0, %x : vector<8xf32>
  return %1 : vector<8xf32>
}

// CHECK-LABEL: func.func @bfloat
// CHECK-NOT: arith.extf
// CHECK: arith.bitcast
func.func @bfloat(%x: bf16) -> f32 {
  %0 = arith.extf %x : bf16 to f32
  return %0 : f32
}
