import { CosError } from "@cos/core";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { ConsoleSpanExporter, type SpanExporter } from "@opentelemetry/sdk-trace-base";

/**
 * What sends spans away, as `OTEL_TRACES_EXPORTER` and `OTEL_EXPORTER_OTLP_PROTOCOL` say. Where to and how stands in more
 * variables, which the exporters read themselves.
 *
 * @throws CosError `invalid_argument` for what cos does not have.
 */
export function createExporter(env: NodeJS.ProcessEnv): SpanExporter {
  const exporter = env["OTEL_TRACES_EXPORTER"] || "otlp";
  if (exporter === "console") return new ConsoleSpanExporter();
  if (exporter !== "otlp") throw unknown("OTEL_TRACES_EXPORTER", exporter, "otlp, console or none");
  // The exporters would use another one without a word.
  for (const variable of ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]) {
    const url = env[variable] || "http://unset";
    if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) continue;
    throw new CosError("invalid_argument", `${variable} is no URL of HTTP.`, {
      hint: "Set it to the collector's URL.",
    });
  }
  const protocol = env["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] || env["OTEL_EXPORTER_OTLP_PROTOCOL"] || "http/protobuf";
  if (protocol === "http/protobuf") return new ProtobufExporter();
  if (protocol === "http/json") return new JsonExporter();
  throw unknown("OTEL_EXPORTER_OTLP_PROTOCOL", protocol, "http/protobuf or http/json");
}

function unknown(variable: string, value: string, choice: string): CosError {
  return new CosError("invalid_argument", `${variable} is ${JSON.stringify(value)}, of which cos knows nothing.`, {
    hint: `Set it to ${choice}.`,
  });
}
