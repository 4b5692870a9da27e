import { CosError, engineName, fromLabels, newObjectId, type Signer, toLabels } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import type { Removals } from "../containers/removals.ts";
import type { EngineFacts } from "../facts.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { hijack } from "../transport/hijack.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { type Answer, HelperAnswers } from "./helper-answers.ts";
import { assertHelperAsAsked, type HelperBody, toHelperBody } from "./helper-body.ts";
import type { HelperImage } from "./helper-image.ts";
import type { ExecMark } from "./start-exec.ts";

/** How long each step of getting a helper may take, in milliseconds. */
const stepDeadlineMs = 20_000;
/** How long one may be found afterwards, in seconds. One whose cos has died ends by itself, because its input ends. */
const ttlSeconds = 60;

/** What the container of a helper is for, as its label says. */
export const helperPurpose = "kills a command in another container";

export interface HelperContext {
  readonly client: EngineClient;
  readonly facts: EngineFacts;
  readonly signer: Signer;
  readonly removals: Removals;
  readonly helperImage: HelperImage;
}

/** A container that sees another one's processes and kills those of a command. */
export interface Helper {
  /** @throws CosError `unavailable`, `deadline_exceeded` when it does not answer. */
  ask(request: "end" | "sweep" | "check"): Promise<Answer>;
  close(options: { readonly remove: boolean }): void;
}

/**
 * Starts a helper. Undefined when there is no image for it.
 *
 * @throws CosError when the engine does not make it, makes it otherwise, or does not start it.
 */
export async function openHelper(
  context: HelperContext,
  target: ContainerBody,
  mark: ExecMark,
): Promise<Helper | undefined> {
  const created = await createHelper(context, target, mark);
  if (created === undefined) return undefined;
  try {
    return await startHelper(context, created);
  } catch (error) {
    context.removals.start(created.id);
    throw error;
  }
}

interface CreatedHelper {
  readonly id: string;
  readonly body: HelperBody;
}

async function createHelper(
  { client, facts, signer, removals, helperImage }: HelperContext,
  target: ContainerBody,
  mark: ExecMark,
): Promise<CreatedHelper | undefined> {
  const cosId = newObjectId();
  const managed = {
    id: cosId,
    owner: ownerOf(target, signer),
    lifecycle: "ephemeral",
    name: `exec-${cosId.slice(0, 12)}`,
    purpose: helperPurpose,
    project: "",
    createdAt: new Date(),
    ttlSeconds,
    spec: "",
    specDigest: "",
  } as const;
  const name = engineName(managed.name);
  const create = async (image: string): Promise<CreatedHelper> => {
    const labels = toLabels("container", { ...managed, image }, signer);
    const body = toHelperBody({ target: target.Id, imageId: image, mark, labels, facts });
    try {
      const query = { name };
      const { Id } = await client.call<{ Id: string }>("POST", ["containers", "create"], {
        query,
        body,
        deadlineMs: stepDeadlineMs,
      });
      return { id: Id, body };
    } catch (error) {
      if (refusalStatus(error) === undefined) removals.startLost(() => findLost(client, name, cosId));
      throw error;
    }
  };
  const image = await helperImage.ensure();
  if (image === undefined) return undefined;
  try {
    return await create(image);
  } catch (error) {
    if (refusalStatus(error) !== 404) throw error;
    // The image was removed since it was found.
    const another = await helperImage.ensureAgain();
    return another === undefined ? undefined : await create(another);
  }
}

async function startHelper({ client, removals }: HelperContext, { id, body }: CreatedHelper): Promise<Helper> {
  const inspected = await client.call<ContainerBody>("GET", ["containers", id, "json"], { deadlineMs: stepDeadlineMs });
  assertHelperAsAsked(body, inspected);
  const answers = new HelperAnswers();
  const query = { stream: true, stdin: true, stdout: true, stderr: true };
  const stream = await hijack(client, ["containers", id, "attach"], query, (chunk) => answers.take(chunk));
  const onEnd = () => answers.end();
  stream.ended.then(onEnd, onEnd);
  try {
    await client.call("POST", ["containers", id, "start"], { deadlineMs: stepDeadlineMs });
  } catch (error) {
    stream.destroy();
    throw error;
  }
  return {
    async ask(request) {
      const answer = answers.next();
      answer.catch(() => undefined);
      await stream.write(Buffer.from(`${request}\n`));
      return await answer;
    },
    close({ remove }) {
      stream.destroy();
      if (remove) removals.start(id);
    },
  };
}

/** The helper belongs to whom the container belongs to, or to cos itself. */
function ownerOf({ Name, Config }: ContainerBody, signer: Signer): string {
  const ownership = fromLabels("container", Name.replace(/^\//, ""), Config.Labels ?? {}, signer);
  return ownership.status === "managed" ? ownership.labels.owner : "cos";
}

/** The helper that a create whose answer was lost has made. */
async function findLost(client: EngineClient, name: string, cosId: string): Promise<string | undefined> {
  const body = await client.call<ContainerBody>("GET", ["containers", name, "json"]).catch((error: unknown) => {
    if (CosError.is(error) && refusalStatus(error) === 404) return undefined;
    throw error;
  });
  return body?.Config.Labels?.["cos.id"] === cosId ? body.Id : undefined;
}
