import { CosError } from "@cos/core";
import { noSuchContainer } from "../containers/inspect.ts";
import { refusalStatus } from "../transport/refusal.ts";

/** What an engine's refusal to read or write files means; other errors stay as they are. */
export function toArchiveRefusal(error: unknown, id: string, path: string): unknown {
  if (!CosError.is(error) || refusalStatus(error) === undefined) return error;
  const { message } = error;
  const shown = JSON.stringify(path);
  if (/no such container/i.test(message)) return noSuchContainer(id);
  if (/read.?only/i.test(message)) {
    return new CosError("failed_precondition", `${shown} cannot be written to: it is read-only.`, {
      hint: "Name a directory in a volume that is mounted writable.",
      cause: error,
    });
  }
  if (/could not find the file|no such file/i.test(message)) {
    return new CosError("not_found", `There is no ${shown} in the container.`, {
      hint: "Paths are absolute, and what lies in a tmpfs cannot be reached.",
      cause: error,
    });
  }
  if (/cannot overwrite/i.test(message)) {
    return new CosError("conflict", `A file and a directory of the same name meet below ${shown}.`, {
      hint: "Choose another name, or remove what is there.",
      cause: error,
    });
  }
  if (/not a directory/i.test(message)) {
    return new CosError("failed_precondition", `${shown} is not a directory, or lies below a file.`, {
      hint: "Name an existing directory.",
      cause: error,
    });
  }
  return error;
}
