/**
 * A lowering for webgpu that computes sines and cosines by arithmetic alone. A GPU's own may be wrong by 2^-11 even within
 * a turn of 0 and by anything beyond (Vulkan specification, "Precision of GLSL.std.450 Instructions"), and both the
 * rotary angles of a language model and those of the timestep go through hundreds of turns.
 *
 * Whole half turns are taken off the angle by pi in three parts, of which the first two times a small whole number are
 * exact (Cody & Waite 1980); what is left is within a quarter turn, where Taylor's series needs seven terms.
 */
import { add, floor, mul, sub } from "../ops/elementwise.ts";
import type { Tensor } from "../tensor.ts";
import type { Rule } from "./rewrite.ts";

const partsOfPi = [3.140625, 9.675025939941406e-4, 1.509957990978376e-7];
const highestPower = 13;

/** Rewrites Sin(x) and Cos(x) of float32, for |x| up to some ten thousands. */
export const exactSinusoids: Rule = ({ operator, inputs }) => {
  const [x] = inputs as readonly [Tensor];
  if (x?.dtype !== "float32") return undefined;
  // The nearest zero of the function is at (turns + offset) * pi.
  if (operator.name === "Sin") return [aroundZero(x, 0)];
  if (operator.name === "Cos") return [aroundZero(x, 0.5)];
  return undefined;
};

/** Computes sin(x + offset * pi). */
function aroundZero(x: Tensor, offset: number): Tensor {
  const halfTurns = floor(add(mul(x, 1 / Math.PI), 0.5 - offset));
  const zero = offset === 0 ? halfTurns : add(halfTurns, offset);
  const angle = partsOfPi.reduce((rest, part) => sub(rest, mul(zero, part)), x);
  const isOdd = sub(halfTurns, mul(floor(mul(halfTurns, 0.5)), 2)); // 0 or 1
  const sign = offset === 0 ? sub(1, mul(isOdd, 2)) : sub(mul(isOdd, 2), 1);
  return mul(sign, sineOfSmall(angle));
}

/** Computes the series by Horner's scheme: angle * (1 - angle^2 / 2·3 * (1 - angle^2 / 4·5 * ...)). */
function sineOfSmall(angle: Tensor): Tensor {
  const square = mul(angle, angle);
  let series: Tensor | number = 1;
  for (let power = highestPower; power > 1; power -= 2)
    series = sub(1, mul(mul(square, 1 / (power * (power - 1))), series));
  return mul(angle, series);
}
