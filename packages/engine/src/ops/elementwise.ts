/**
 * Elementwise operators, with NumPy broadcasting, each beside its gradient rule.
 *
 * A number stands for a scalar constant of the other operand's type. Activations that the ONNX standard has as
 * one operator use it (the runtime's kernels are single passes); the others are compositions.
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

/** A rule from the two partial derivatives; each is summed over the axes that were broadcast. */
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

export const add = (a: Operand, b: Operand): Tensor => binary(addOperator, a, b);
export const sub = (a: Operand, b: Operand): Tensor => binary(subOperator, a, b);
export const mul = (a: Operand, b: Operand): Tensor => binary(mulOperator, a, b);
export const div = (a: Operand, b: Operand): Tensor => binary(divOperator, a, b);
/** a ** b; the gradient of the exponent needs a > 0. */
export const pow = (a: Operand, b: Operand): Tensor => binary(powOperator, a, b);
/** The larger of two; where they are equal the first gets the gradient. */
export const maximum = (a: Operand, b: Operand): Tensor => binary(maxOperator, a, b);
export const minimum = (a: Operand, b: Operand): Tensor => binary(minOperator, a, b);

const comparison = (name: string) => {
  const operator: Operator = { name };
  return (a: Operand, b: Operand): Tensor => binary(operator, a, b, "bool");
};
export const equal = comparison("Equal");
export const less = comparison("Less");
export const lessOrEqual = comparison("LessOrEqual");
export const greater = comparison("Greater");
export const greaterOrEqual = comparison("GreaterOrEqual");
export const and = comparison("And");
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

export const neg = unary("Neg", (_x, _y, g) => neg(g));
export const exp = unary("Exp", (_x, y, g) => mul(g, y));
export const log = unary("Log", (x, _y, g) => div(g, x));
export const sqrt = unary("Sqrt", (_x, y, g) => div(mul(g, 0.5), y));
export const abs = unary("Abs", (x, _y, g) => mul(g, sign(x)));
export const sign = unary("Sign");
export const floor = unary("Floor");
export const not = unary("Not");
export const sin = unary("Sin", (x, _y, g) => mul(g, cos(x)));
export const cos = unary("Cos", (x, _y, g) => neg(mul(g, sin(x))));
export const erf = unary("Erf", (x, _y, g) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
export const tanh = unary("Tanh", (_x, y, g) => mul(g, sub(1, mul(y, y))));
export const sigmoid = unary("Sigmoid", (_x, y, g) => mul(g, mul(y, sub(1, y))));
export const softplus = unary("Softplus", (x, _y, g) => mul(g, sigmoid(x)));
export const relu = unary("Relu", (_x, y, g) => select(greater(y, 0), g, 0));

/** x if x > 0, else slope * x. */
export function leakyRelu(x: Tensor, slope = 0.2): Tensor {
  return maximum(x, mul(x, slope));
}

/** x sigmoid(x), also called swish (Hendrycks & Gimpel 2016); the rule is s + x s (1 - s) with s = sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

/** x Phi(x) with the exact error function (Hendrycks & Gimpel 2016), not the tanh approximation. */
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

/** a where the condition holds, else b. */
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

/** Values limited to [low, high]; outside it no gradient flows, at the limits it does (as in PyTorch). */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return apply(
    clipOperator,
    [x, scalar(low, x.dtype), scalar(high, x.dtype)],
    {},
    { dtype: x.dtype, shape: x.shape },
  );
}

export const isFloat = (dtype: DType) => dtype === "float32" || dtype === "float16";

const castOperator: Operator = {
  name: "Cast",
  gradient: (node, [g]) => {
    const source = node.inputs[0]!.dtype;
    return [isFloat(source) ? cast(g!, source) : undefined];
  },
};

export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return apply(castOperator, [x], { to: { dtype } }, { dtype, shape: x.shape });
}

const identityOperator: Operator = { name: "Identity" };

/** The same values, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return apply(identityOperator, [x], {}, { dtype: x.dtype, shape: x.shape });
}

/** Forward `value`, backward as if it were `x` (Bengio et al. 2013). */
export function straightThrough(x: Tensor, value: Tensor): Tensor {
  return add(x, stopGradient(sub(value, x)));
}

/** A one-dimensional float constant. */
export function vector(values: readonly number[], dtype: DType = "float32"): Tensor {
  return constant({ dtype, shape: [values.length], data: typedArray(dtype, values) });
}
