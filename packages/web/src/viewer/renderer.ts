// The viewer's WebGL2: one context draws every panel of the page into its own canvas, since browsers allow a page few contexts.
// A plane is a texture of raw floats; colour, limits and gamma are applied per pixel on the way to the screen. Where there
// is no WebGL2 the same picture is made by `shade`, and the page says so.
import type { Camera } from "./camera.ts";
import { colourOf, type Layer, shade } from "./display.ts";

/** What is drawn into one canvas. */
export interface Drawing {
  readonly layers: readonly Layer[];
  readonly width: number;
  readonly height: number;
  readonly camera: Camera;
  /** Between pixels: blended, or as squares. */
  readonly smooth: boolean;
}

/** Draws images into canvases. */
export interface Renderer {
  readonly kind: "WebGL2" | "processor";
  draw(target: HTMLCanvasElement, drawing: Drawing): void;
}

const mostLayers = 4;

const vertexShader = `#version 300 es
in vec2 corner;
uniform vec3 camera;
out vec2 place;
void main() {
  place = camera.xy + (corner * vec2(0.5, -0.5)) / camera.z;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

const fragmentShader = `#version 300 es
precision highp float;
in vec2 place;
out vec4 shown;
uniform sampler2D planes[${mostLayers}];
uniform vec3 colours[${mostLayers}];
uniform vec3 scales[${mostLayers}];
uniform int count;
uniform bool smooth_;
float texel(sampler2D plane, ivec2 at, ivec2 size) {
  return texelFetch(plane, clamp(at, ivec2(0), size - 1), 0).r;
}
float value(sampler2D plane) {
  ivec2 size = textureSize(plane, 0);
  vec2 pixel = place * vec2(size);
  if (!smooth_) return texel(plane, ivec2(floor(pixel)), size);
  vec2 base = floor(pixel - 0.5);
  vec2 f = pixel - 0.5 - base;
  ivec2 at = ivec2(base);
  float top = mix(texel(plane, at, size), texel(plane, at + ivec2(1, 0), size), f.x);
  float bottom = mix(texel(plane, at + ivec2(0, 1), size), texel(plane, at + ivec2(1, 1), size), f.x);
  return mix(top, bottom, f.y);
}
vec3 light(sampler2D plane, vec3 colour, vec3 scale) {
  float linear = clamp((value(plane) - scale.x) / (scale.y - scale.x), 0.0, 1.0);
  return colour * pow(linear, scale.z);
}
void main() {
  vec3 sum = vec3(0.0);
  if (count > 0) sum += light(planes[0], colours[0], scales[0]);
  if (count > 1) sum += light(planes[1], colours[1], scales[1]);
  if (count > 2) sum += light(planes[2], colours[2], scales[2]);
  if (count > 3) sum += light(planes[3], colours[3], scales[3]);
  shown = vec4(min(sum, 1.0), 1.0);
}`;

let shared: Renderer | undefined;

/** The renderer of the page. */
export function pageRenderer(): Renderer {
  shared ??= createWebGlRenderer() ?? { kind: "processor", draw: drawByProcessor };
  return shared;
}

/** Draws by the reference function, whole pixels as squares or blended by the canvas. */
export function drawByProcessor(
  target: HTMLCanvasElement,
  { layers, width, height, camera, smooth }: Drawing,
): void {
  const image = new OffscreenCanvas(width, height);
  image.getContext("2d")!.putImageData(new ImageData(shade(layers, width * height), width, height), 0, 0);
  const context = target.getContext("2d")!;
  context.imageSmoothingEnabled = smooth;
  const [w, h] = [width / camera.zoom, height / camera.zoom];
  const [x, y] = [camera.x * width - w / 2, camera.y * height - h / 2];
  context.drawImage(image, x, y, w, h, 0, 0, target.width, target.height);
}

function createWebGlRenderer(): Renderer | undefined {
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, preserveDrawingBuffer: true });
  if (gl === null) return undefined;
  const program = link(gl);
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, Float32Array.of(-1, -1, 1, -1, -1, 1, 1, 1), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  const uniform = (name: string) => gl.getUniformLocation(program, name);
  const places = Object.fromEntries(
    ["camera", "count", "smooth_", "planes", "colours", "scales"].map((name) => [name, uniform(name)]),
  );
  const textures = createTextures(gl);
  return {
    kind: "WebGL2",
    draw(target, { layers, width, height, camera, smooth }) {
      if (gl.isContextLost()) return drawByProcessor(target, { layers, width, height, camera, smooth });
      const shown = layers.filter(({ display }) => display.visible).slice(0, mostLayers);
      if (canvas.width !== target.width || canvas.height !== target.height)
        Object.assign(canvas, { width: target.width, height: target.height });
      gl.viewport(0, 0, target.width, target.height);
      gl.useProgram(program);
      for (const [unit, { plane }] of shown.entries()) textures.bind(unit, plane, width, height);
      gl.uniform1iv(places.planes!, Int32Array.of(0, 1, 2, 3));
      gl.uniform3fv(places.colours!, padded(shown.map(({ display }) => colourOf(display.colour))));
      gl.uniform3fv(places.scales!, padded(shown.map(({ display }) => scaleOf(display))));
      gl.uniform3f(places.camera!, camera.x, camera.y, camera.zoom);
      gl.uniform1i(places.count!, shown.length);
      gl.uniform1i(places.smooth_!, smooth ? 1 : 0);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
      target.getContext("2d")!.drawImage(canvas, 0, 0);
    },
  };
}

function scaleOf({ low, high, gamma }: Layer["display"]): readonly [number, number, number] {
  return [low, high === low ? low + 1e-6 : high, gamma];
}

function padded(rows: readonly (readonly number[])[]): Float32Array {
  const all = new Float32Array(3 * mostLayers);
  all.set(rows.flat());
  return all;
}

/** Textures of planes; the least recently used ones are freed. */
function createTextures(gl: WebGL2RenderingContext) {
  const held = new Map<Float32Array, WebGLTexture>();
  const mostHeld = 128;
  return {
    bind(unit: number, plane: Float32Array, width: number, height: number): void {
      gl.activeTexture(gl.TEXTURE0 + unit);
      const known = held.get(plane);
      const texture = known ?? gl.createTexture()!;
      held.delete(plane);
      held.set(plane, texture);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      if (known !== undefined) return;
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, width, height, 0, gl.RED, gl.FLOAT, plane);
      for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
        gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
      for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
        gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
      const [oldest] = held;
      if (held.size > mostHeld && oldest !== undefined) {
        held.delete(oldest[0]);
        gl.deleteTexture(oldest[1]);
      }
    },
  };
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, vertexShader],
    [gl.FRAGMENT_SHADER, fragmentShader],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.bindAttribLocation(program, 0, "corner");
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS))
    throw new Error(`the viewer's shader does not link: ${gl.getProgramInfoLog(program)}`);
  return program;
}
