/**
 * Elementwise operators, with NumPy broadcasting, each beside its gradient rule.
 *
 * A number stands for a scalar constant of the other operand's type. Activations that the ONNX standard has as one
 * operator use it (the runtime's kernels are single passes); the others are compositions. An operator of two operands
 * throws ShapeError where their shapes do not broadcast, their types differ, or both are numbers.
 */
import { broadcast, formatShape, ShapeError } from "../shape.ts";
import {
  apply,
  constant,
  type DType,
  type GradientRule,
  type Operator,
  scalar,
  type Tensor,
  typedArray,
} from "../tensor.ts";
import { sumTo } from "./broadcast.ts";

/** An operand of an elementwise operator: a tensor, or a number that becomes a scalar of the other's type. */
export type Operand = Tensor | number;

function operands(name: string, a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === "number" && typeof b === "number")
    throw new ShapeError(`${name}: one operand must be a tensor`);
  const left = typeof a === "number" ? scalar(a, (b as Tensor).dtype) : a;
  const right = typeof b === "number" ? scalar(b, left.dtype) : b;
  if (left.dtype !== right.dtype)
    throw new ShapeError(
      `${name}: operands are ${left.dtype} ${formatShape(left.shape)} and ${right.dtype} ${formatShape(right.shape)}; cast one of them`,
    );
  return [left, right];
}

function binary(operator: Operator, a: Operand, b: Operand, dtype?: DType): Tensor {
  const [left, right] = operands(operator.name, a, b);
  const shape = broadcast(left.shape, right.shape, operator.name);
  return apply(operator, [left, right], {}, { dtype: dtype ?? left.dtype, shape });
}

/** Makes a gradient rule of the two partial derivatives; each is summed over the axes that were broadcast. */
function partials(
  left: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
  right: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
): GradientRule {
  return (node, [gradient], isNeeded) => {
    const [a, b] = node.inputs as readonly [Tensor, Tensor];
    const y = node.outputs[0]!;
    return [
      isNeeded(0) ? sumTo(left(gradient!, a, b, y), a.shape) : undefined,
      isNeeded(1) ? sumTo(right(gradient!, a, b, y), b.shape) : undefined,
    ];
  };
}

const addOperator: Operator = {
  name: "Add",
  gradient: partials(
    (g) => g,
    (g) => g,
  ),
};
const subOperator: Operator = {
  name: "Sub",
  gradient: partials(
    (g) => g,
    (g) => neg(g),
  ),
};
const mulOperator: Operator = {
  name: "Mul",
  gradient: partials(
    (g, _a, b) => mul(g, b),
    (g, a) => mul(g, a),
  ),
};
const divOperator: Operator = {
  name: "Div",
  gradient: partials(
    (g, _a, b) => div(g, b),
    (g, _a, b, y) => neg(div(mul(g, y), b)),
  ),
};
const powOperator: Operator = {
  name: "Pow",
  gradient: partials(
    (g, a, b) => mul(g, mul(b, pow(a, sub(b, 1)))),
    (g, a, _b, y) => mul(g, mul(y, log(a))),
  ),
};
const maxOperator: Operator = {
  name: "Max",
  gradient: partials(
    (g, a, b) => select(greaterOrEqual(a, b), g, 0),
    (g, a, b) => select(less(a, b), g, 0),
  ),
};
const minOperator: Operator = {
  name: "Min",
  gradient: partials(
    (g, a, b) => select(lessOrEqual(a, b), g, 0),
    (g, a, b) => select(greater(a, b), g, 0),
  ),
};

/** Returns a + b. @throws ShapeError where the operands do not fit each other. */
export const add = (a: Operand, b: Operand): Tensor => binary(addOperator, a, b);
/** Returns a - b. @throws ShapeError as `add`. */
export const sub = (a: Operand, b: Operand): Tensor => binary(subOperator, a, b);
/** Returns a * b. @throws ShapeError as `add`. */
export const mul = (a: Operand, b: Operand): Tensor => binary(mulOperator, a, b);
/** Returns a / b; of integers the quotient without its fraction. @throws ShapeError as `add`. */
export const div = (a: Operand, b: Operand): Tensor => binary(divOperator, a, b);
/** Returns a ** b; the gradient of the exponent needs a > 0. @throws ShapeError as `add`. */
export const pow = (a: Operand, b: Operand): Tensor => binary(powOperator, a, b);
/** Returns the larger of a and b; where they are equal a gets the gradient. @throws ShapeError as `add`. */
export const maximum = (a: Operand, b: Operand): Tensor => binary(maxOperator, a, b);
/** Returns the smaller of a and b; where they are equal a gets the gradient. @throws ShapeError as `add`. */
export const minimum = (a: Operand, b: Operand): Tensor => binary(minOperator, a, b);

const comparison = (name: string) => {
  const operator: Operator = { name };
  return (a: Operand, b: Operand): Tensor => binary(operator, a, b, "bool");
};
/** Returns a == b as bool. @throws ShapeError as `add`. */
export const equal = comparison("Equal");
/** Returns a < b as bool. @throws ShapeError as `add`. */
export const less = comparison("Less");
/** Returns a <= b as bool. @throws ShapeError as `add`. */
export const lessOrEqual = comparison("LessOrEqual");
/** Returns a > b as bool. @throws ShapeError as `add`. */
export const greater = comparison("Greater");
/** Returns a >= b as bool. @throws ShapeError as `add`. */
export const greaterOrEqual = comparison("GreaterOrEqual");
/** Returns whether a and b, both bool, are true. @throws ShapeError as `add`. */
export const and = comparison("And");
/** Returns whether a or b, both bool, is true. @throws ShapeError as `add`. */
export const or = comparison("Or");

function unary(
  name: string,
  derivative?: (x: Tensor, y: Tensor, g: Tensor) => Tensor,
): (x: Tensor) => Tensor {
  const operator: Operator =
    derivative === undefined
      ? { name }
      : { name, gradient: (node, [g]) => [derivative(node.inputs[0]!, node.outputs[0]!, g!)] };
  return (x) => apply(operator, [x], {}, { dtype: x.dtype, shape: x.shape });
}

/** Returns -x. */
export const neg = unary("Neg", (_x, _y, g) => neg(g));
/** Returns e ** x. */
export const exp = unary("Exp", (_x, y, g) => mul(g, y));
/** Returns the natural logarithm of x. */
export const log = unary("Log", (x, _y, g) => div(g, x));
/** Returns the square root of x. */
export const sqrt = unary("Sqrt", (_x, y, g) => div(mul(g, 0.5), y));
/** Returns |x|; its gradient at 0 is 0. */
export const abs = unary("Abs", (x, _y, g) => mul(g, sign(x)));
/** Returns -1, 0 or 1; no gradient flows through it. */
export const sign = unary("Sign");
/** Returns the largest whole number that is at most x; no gradient flows through it. */
export const floor = unary("Floor");
/** Returns whether x, a bool, is false. */
export const not = unary("Not");
/** Returns the sine of x, in radians. */
export const sin = unary("Sin", (x, _y, g) => mul(g, cos(x)));
/** Returns the cosine of x, in radians. */
export const cos = unary("Cos", (x, _y, g) => neg(mul(g, sin(x))));
/** Returns the error function of x. */
export const erf = unary("Erf", (x, _y, g) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
/** Returns the hyperbolic tangent of x. */
export const tanh = unary("Tanh", (_x, y, g) => mul(g, sub(1, mul(y, y))));
/** Returns 1 / (1 + e ** -x). */
export const sigmoid = unary("Sigmoid", (_x, y, g) => mul(g, mul(y, sub(1, y))));
/** Returns log(1 + e ** x). */
export const softplus = unary("Softplus", (x, _y, g) => mul(g, sigmoid(x)));
/** Returns max(x, 0); its gradient at 0 is 0. */
export const relu = unary("Relu", (_x, y, g) => select(greater(y, 0), g, 0));

/** Returns x where x > 0, else slope * x; `slope` is from 0 to 1. */
export function leakyRelu(x: Tensor, slope = 0.2): Tensor {
  return maximum(x, mul(x, slope));
}

/** Returns x sigmoid(x), also called swish (Hendrycks & Gimpel 2016). */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

/** Returns x Phi(x) with the exact error function (Hendrycks & Gimpel 2016), not the tanh approximation. */
export function gelu(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
}

const whereOperator: Operator = {
  name: "Where",
  gradient: (node, [g], isNeeded) => {
    const [condition, a, b] = node.inputs as readonly [Tensor, Tensor, Tensor];
    return [
      undefined,
      isNeeded(1) ? sumTo(select(condition, g!, 0), a.shape) : undefined,
      isNeeded(2) ? sumTo(select(condition, 0, g!), b.shape) : undefined,
    ];
  },
};

/** Returns a where the condition, a bool, holds, else b; all three broadcast. @throws ShapeError as `add`. */
export function select(condition: Tensor, a: Operand, b: Operand): Tensor {
  if (condition.dtype !== "bool")
    throw new ShapeError(`Where: the condition must be bool, got ${condition.dtype}`);
  const [left, right] = operands("Where", a, b);
  const shape = broadcast(condition.shape, broadcast(left.shape, right.shape, "Where"), "Where");
  return apply(whereOperator, [condition, left, right], {}, { dtype: left.dtype, shape });
}

const clipOperator: Operator = {
  name: "Clip",
  gradient: (node, [g]) => {
    const [x, low, high] = node.inputs as readonly [Tensor, Tensor, Tensor];
    return [select(and(greaterOrEqual(x, low), lessOrEqual(x, high)), g!, 0)];
  },
};

/** Limits values to [low, high]; outside it no gradient flows, at the limits it does (as in PyTorch). */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return apply(
    clipOperator,
    [x, scalar(low, x.dtype), scalar(high, x.dtype)],
    {},
    { dtype: x.dtype, shape: x.shape },
  );
}

/** Whether a type has fractions, and so gradients. */
export const isFloat = (dtype: DType) => dtype === "float32" || dtype === "float16";

const castOperator: Operator = {
  name: "Cast",
  gradient: (node, [g]) => {
    const source = node.inputs[0]!.dtype;
    return [isFloat(source) ? cast(g!, source) : undefined];
  },
};

/** Converts x to another type; a gradient flows back where x is of a floating type. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return apply(castOperator, [x], { to: { dtype } }, { dtype, shape: x.shape });
}

const identityOperator: Operator = { name: "Identity" };

/** Returns x, through which no gradient flows back. */
export function stopGradient(x: Tensor): Tensor {
  return apply(identityOperator, [x], {}, { dtype: x.dtype, shape: x.shape });
}

/** Returns `value`, whose gradient goes to x as if it were x (straight-through estimator, Bengio et al. 2013). */
export function straightThrough(x: Tensor, value: Tensor): Tensor {
  return add(x, stopGradient(sub(value, x)));
}

/** Makes a constant [n] of the values; float32 unless another type is given. */
export function vector(values: readonly number[], dtype: DType = "float32"): Tensor {
  return constant({ dtype, shape: [values.length], data: typedArray(dtype, values) });
}
