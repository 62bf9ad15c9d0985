// Figures for Prometheus: requests, jobs, event streams, the process.
// https://prometheus.io/docs/practices/naming/

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The figures of a server. */
export interface Metrics {
  readonly registry: Registry;
  readonly requests: Histogram<"method" | "route" | "status">;
  readonly finishedJobs: Counter<"state">;
  readonly jobs: Gauge<"state">;
  readonly streams: Gauge;
  readonly workerStarts: Gauge;
  readonly refusals: Counter<"kind">;
}

/** Makes the figures of one server. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    requests: new Histogram({
      name: "proteoscope_http_request_duration_seconds",
      help: "Time until a response began, by route",
      labelNames: ["method", "route", "status"],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30],
      registers,
    }),
    finishedJobs: new Counter({
      name: "proteoscope_jobs_finished_total",
      help: "Jobs that this server has done",
      labelNames: ["state"],
      registers,
    }),
    jobs: new Gauge({
      name: "proteoscope_jobs",
      help: "Jobs in the database by state",
      labelNames: ["state"],
      registers,
    }),
    streams: new Gauge({ name: "proteoscope_event_streams", help: "Open event streams", registers }),
    workerStarts: new Gauge({
      name: "proteoscope_worker_starts",
      help: "Worker processes that were started",
      registers,
    }),
    refusals: new Counter({
      name: "proteoscope_refusals_total",
      help: "Requests that were refused, by kind",
      labelNames: ["kind"],
      registers,
    }),
  };
}
