import { type Caller, openControlPlane } from "@cos/control-plane";

/**
 * A process of cos for a test to kill: an agent that has many workloads in all states, and says `<number> <what>` whenever
 * one of them gets somewhere. It never ends by itself.
 *
 * Arguments: the value of the label `user.test`, the time to live of what it makes in seconds, how many workloads.
 */
const [mark = "", ttl = "", count = ""] = process.argv.slice(2);
const caller: Caller = { kind: "http", name: "chaos", hostRoots: [] };
const controlPlane = openControlPlane({ writer: "chaos" });
const ttlSeconds = Number(ttl);
const say = (index: number, what: string) => process.stdout.write(`${index} ${what}\n`);

const job = { image: "busybox", pull: "never", labels: { "user.test": mark }, ttlSeconds } as const;
const service = (index: number) => ({ ...job, name: `${mark}-${process.pid}-${index}`, network: "none" });
const forever = "echo ready; sleep 600";

/** What a workload is, by turns. */
const kinds = [
  () => ["container_run", { ...job, command: forever }],
  () => ["container_run", { ...job, command: forever, detach: true }],
  () => ["container_run", { ...job, command: "true", detach: true }],
  (index) => ["container_create", { ...service(index), command: forever }],
  (index) => ["container_ensure", { ...service(index), command: forever }],
  () => ["container_run", { ...job, command: "echo ready" }],
  (index) => ["container_ensure", { ...service(index), command: forever, ttlSeconds: undefined }],
] satisfies ((index: number) => readonly [string, object])[];

for (let index = 0; index < Number(count); index++) {
  const [operation, input] = kinds[index % kinds.length]?.(index) ?? ["", {}];
  say(index, "asked");
  const output = () => void say(index, "runs");
  void controlPlane.perform({ operation, input, caller, output }).then(
    ({ status }) => say(index, status),
    (error: unknown) => say(index, `failed: ${String(error)}`),
  );
}
setInterval(() => {}, 60_000);
