// Schedule tables and samplers against diffusers 0.20, under a model that needs no network:
// eps(x, t) = 0.3 x + 0.5 sin(2x + 6t / 1000) + 0.1 cos(6t / 1000).
// `schedulers` are recorded values of diffusers 0.20, `dpm_solver` of a newer one, by fixtures/make_dpm_solver.py.

import type { NdArray } from "@proteoscope/engine";
import { toFloat32 } from "@proteoscope/formats";
import {
  addNoise,
  createDdimSampler,
  createDdpmSampler,
  createDpmSolverSampler,
  leadingTimesteps,
  linearNoiseSchedule,
  type Sampler,
  type SamplerState,
  velocity,
} from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import { expectClose, golden, type Tolerance } from "./fixture.ts";

const schedule = linearNoiseSchedule();
const schedulers = golden("schedulers").tensors;
const dpmSolver = golden("dpm_solver").tensors;

// The analytic model lets states grow to 50 and more, in float32: they are compared relative to the largest.
const stateTolerance: Tolerance = { absolute: 1e-6, relative: 1e-5 };

function predict(latents: Float32Array, timestep: number): Float32Array {
  const phase = (6 * timestep) / 1000;
  return latents.map((x) => 0.3 * x + 0.5 * Math.sin(2 * x + phase) + 0.1 * Math.cos(phase));
}

/** Holds every state of a run to a recorded one, [steps + 1, ...]; `noise` is the fresh noise of each step, [steps, ...]. */
function expectTrajectory(sampler: Sampler, trajectory: NdArray, noise?: NdArray): void {
  const [count, ...shape] = trajectory.shape;
  expect(sampler.timesteps).toHaveLength(count! - 1);
  const states = toFloat32(trajectory);
  const size = states.length / count!;
  const at = (values: Float32Array, index: number) => values.slice(index * size, (index + 1) * size);
  let state: SamplerState = { latents: at(states, 0) };
  for (const [index, timestep] of sampler.timesteps.entries()) {
    const fresh = noise === undefined ? undefined : at(toFloat32(noise), index);
    state = sampler.step(state, index, predict(state.latents, timestep), fresh);
    const expected = { shape, data: at(states, index + 1) };
    expectClose({ shape, data: state.latents }, expected, stateTolerance, `step ${index}`);
  }
}

describe("the schedule and its samplers against diffusers 0.20", () => {
  const tensor = (name: string) => schedulers.get(name)!;
  const values = (name: string) => toFloat32(tensor(name));
  const like = (name: string, data: Float32Array) => ({ shape: tensor(name).shape, data });

  it("have the tables of variances and signal, to float32 rounding", () => {
    expectClose(like("betas", schedule.betas), tensor("betas"), { absolute: 2e-9 });
    expectClose(like("betas", schedule.betas), tensor("ddpm_betas"), { absolute: 2e-9 });
    expectClose(like("betas", schedule.alphasCumprod), tensor("alphas_cumprod"), { absolute: 2e-7 });
  });

  it.each([7, 10, 50, 999, 1000])("visit the timesteps of %i steps", (steps) => {
    for (const name of ["ddim", "ddpm"]) {
      const expected = Array.from(values(`${name}_timesteps_${steps}`));
      expect(leadingTimesteps(schedule, steps)).toEqual(expected);
    }
  });

  it("add noise, and give the velocity, at each sample's own timestep", () => {
    const inputs = [schedule, values("x0"), values("noise"), values("t")] as const;
    expectClose(like("add_noise", addNoise(...inputs)), tensor("add_noise"), stateTolerance);
    expectClose(like("velocity", velocity(...inputs)), tensor("velocity"), stateTolerance);
  });

  it.each([980, 500, 20, 0])("take one DDIM step from timestep %i", (timestep) => {
    const sampler = createDdimSampler(schedule, 50);
    const latents = values("x0");
    const index = sampler.timesteps.indexOf(timestep);
    const next = sampler.step({ latents }, index, values("noise"));
    const name = `ddim_step_${timestep}`;
    expectClose(like("x0", next.latents), tensor(`${name}_prev`), stateTolerance);
    expectClose(like("x0", next.denoised!), tensor(`${name}_x0`), stateTolerance);
  });

  it("follow DDIM over 50 steps, deterministic and with half of DDPM's noise", () => {
    expectTrajectory(createDdimSampler(schedule, 50), tensor("ddim50_eta0.0_traj"));
    const half = createDdimSampler(schedule, 50, { eta: 0.5 });
    expectTrajectory(half, tensor("ddim50_eta0.5_traj"), tensor("ddim50_eta0.5_noise"));
  });

  it("follow DDPM over 50 steps", () => {
    expectTrajectory(createDdpmSampler(schedule, 50), tensor("ddpm50_traj"), tensor("ddpm50_noise"));
  });
});

describe("DPM-Solver++ (2M) against diffusers 0.42", () => {
  it.each([5, 15, 50])("visits the timesteps and the states of %i steps", (steps) => {
    const sampler = createDpmSolverSampler(schedule, steps);
    expect(sampler.timesteps).toEqual(Array.from(toFloat32(dpmSolver.get(`timesteps_${steps}`)!)));
    expectTrajectory(sampler, dpmSolver.get(`trajectory_${steps}`)!);
  });
});
