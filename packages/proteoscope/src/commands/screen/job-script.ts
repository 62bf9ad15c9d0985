// Job scripts for schedulers: the same command in every task, each with its shard. They are printed, never
// submitted: accounts and queues are the user's to choose.

import { stringify } from "yaml";

export const schedulers = ["slurm", "kubernetes"] as const;

export interface JobScriptOptions {
  readonly scheduler: (typeof schedulers)[number];
  /** Words behind `proteoscope screen`, without those about shards. */
  readonly words: readonly string[];
  readonly output: string;
  readonly shards: number;
}

/** The text of a script. */
export function jobScript({ scheduler, words, output, shards }: JobScriptOptions): string {
  const command = ["proteoscope", "screen", ...words].map(quote).join(" ");
  const merge = `proteoscope screen --merge -o ${quote(output)}`;
  return scheduler === "slurm" ? slurmScript(command, merge, shards) : kubernetesJob(command, merge, shards);
}

/** https://slurm.schedmd.com/job_array.html */
function slurmScript(command: string, merge: string, shards: number): string {
  return `#!/bin/bash
#SBATCH --job-name=proteoscope-screen
#SBATCH --array=1-${shards}
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=24:00:00
#SBATCH --requeue
# A task that was ended goes on where it was. When all are done: ${merge}
exec ${command} --shard "$SLURM_ARRAY_TASK_ID/${shards}"
`;
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode */
function kubernetesJob(command: string, merge: string, shards: number): string {
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "proteoscope-screen" },
    spec: {
      completionMode: "Indexed",
      completions: shards,
      parallelism: shards,
      backoffLimit: 100,
      // Refused records (3) are a result, not a failure to repeat.
      podFailurePolicy: {
        rules: [
          { action: "FailJob", onExitCodes: { containerName: "screen", operator: "In", values: [2, 4, 5] } },
        ],
      },
      template: {
        spec: {
          restartPolicy: "Never",
          containers: [
            {
              name: "screen",
              image: "proteoscope",
              workingDir: "/data",
              command: ["/bin/sh", "-c"],
              args: [`${command} --shard "$((JOB_COMPLETION_INDEX + 1))/${shards}" || [ $? = 3 ]`],
              resources: { requests: { cpu: "2", memory: "4Gi" } },
              volumeMounts: [{ name: "data", mountPath: "/data" }],
            },
          ],
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: "proteoscope" } }],
        },
      },
    },
  };
  return `# All paths lie on the volume. When the job is complete: ${merge}\n${stringify(job, { lineWidth: 0 })}`;
}

/** A word as a shell takes it unchanged. */
function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
