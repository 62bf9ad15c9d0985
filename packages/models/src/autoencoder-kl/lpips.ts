/**
 * LPIPS v0.1: the distance of two images as a trained network sees it (Zhang et al. 2018, "The Unreasonable
 * Effectiveness of Deep Features as a Perceptual Metric"), on the features of VGG16 or SqueezeNet 1.1.
 *
 * Parameters are torchvision's (`features.*`) and the heads' of the reference (`lin0.model.1.weight`, ...). They are
 * frozen, and there is no dropout before the heads: that of the reference is for training the heads alone.
 */
import {
  add,
  concat,
  convolution,
  div,
  fixed,
  maxPool,
  mean,
  mul,
  ones,
  relu,
  reshape,
  sqrt,
  sub,
  sum,
  type Tensor,
  vector,
  type Weights,
} from "@proteoscope/engine";

/** The network whose features LPIPS compares. */
export type LpipsNetwork = "vgg16" | "squeezenet1.1";

/**
 * The distance of each pair of images, [B, 1, 1, 1]; 0 for equal images.
 *
 * a, b are [B, 3, H, W] in [-1, 1], or [B, 1, H, W] in grey, which stands for three equal channels. Sides have at least
 * 25 pixels.
 */
export function lpips(w: Weights, network: LpipsNetwork, a: Tensor, b: Tensor): Tensor {
  const levelsOfB = lpipsFeatures(w, network, b);
  const distances = lpipsFeatures(w, network, a).map((level, index) => {
    const difference = sub(unitLength(level), unitLength(levelsOfB[index]!));
    const perChannel = mean(mul(difference, difference), { axes: [2, 3], keepDims: true }); // [B, C, 1, 1]
    const channels = fixed(level.shape[1], "lpips", "the channel axis");
    const head = w.at(`lin${index}`, "model", 1).parameter("weight", [1, channels, 1, 1], ones);
    return sum(mul(perChannel, head), { axes: [1], keepDims: true });
  });
  return distances.reduce((total, distance) => add(total, distance));
}

/** The features of images at the 5 (VGG16) or 7 (SqueezeNet) levels of the network, [B, C, h, w] each. */
export function lpipsFeatures(w: Weights, network: LpipsNetwork, images: Tensor): Tensor[] {
  // Moves images in [-1, 1] to the mean and deviation of ImageNet, on which the features were trained.
  const shift = reshape(vector([-0.03, -0.088, -0.188]), [1, 3, 1, 1]);
  const scale = reshape(vector([0.458, 0.448, 0.45]), [1, 3, 1, 1]);
  const x = div(sub(images, shift), scale);
  return network === "vgg16" ? vgg16(w.at("features"), x) : squeezeNet(w.at("features"), x);
}

const vggStages = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];

/** VGG16 (Simonyan & Zisserman 2014): a level ends before each pooling. `index` counts torchvision's layers. */
function vgg16(w: Weights, x: Tensor): Tensor[] {
  let h = x;
  let index = 0;
  return vggStages.map((stage, level) => {
    if (level > 0) {
      h = maxPool(h, { kernel: 2 });
      index += 1;
    }
    for (const channels of stage) {
      h = relu(convolution(w.at(index), h, channels, { kernel: 3, padding: 1 }));
      index += 2;
    }
    return h;
  });
}

/** SqueezeNet 1.1 (Iandola et al. 2016). */
function squeezeNet(w: Weights, x: Tensor): Tensor[] {
  const pool = (h: Tensor) => maxPool(h, { kernel: 3, stride: 2, ceil: true });
  const fire = (index: number, h: Tensor, squeezed: number) => fireModule(w.at(index), h, squeezed);
  const first = relu(convolution(w.at(0), x, 64, { kernel: 3, stride: 2 }));
  const second = fire(4, fire(3, pool(first), 16), 16);
  const third = fire(7, fire(6, pool(second), 32), 32);
  const fourth = fire(9, pool(third), 48);
  const fifth = fire(10, fourth, 48);
  const sixth = fire(11, fifth, 64);
  return [first, second, third, fourth, fifth, sixth, fire(12, sixth, 64)];
}

/** Few channels by a 1x1 convolution, then four times as many by 1x1 and four times as many by 3x3. */
function fireModule(w: Weights, x: Tensor, squeezed: number): Tensor {
  const h = relu(convolution(w.at("squeeze"), x, squeezed, { kernel: 1 }));
  const narrow = relu(convolution(w.at("expand1x1"), h, 4 * squeezed, { kernel: 1 }));
  const wide = relu(convolution(w.at("expand3x3"), h, 4 * squeezed, { kernel: 3, padding: 1 }));
  return concat([narrow, wide], 1);
}

/**
 * The channels of each pixel divided by their length. The reference adds 1e-10 to the length; adding its square under the
 * root gives the same numbers, and a gradient where all channels are 0, as in a dark corner, instead of NaN.
 */
function unitLength(x: Tensor): Tensor {
  return div(x, sqrt(add(sum(mul(x, x), { axes: [1], keepDims: true }), 1e-20)));
}
