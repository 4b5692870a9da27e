/**
 * Whether traces are wanted, by the variables that OpenTelemetry names. Nothing of it is loaded to find out.
 *
 * @param env variables of the environment; empty ones count as unset, as there.
 */
export function wantsTraces(env: NodeJS.ProcessEnv): boolean {
  if (env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true") return false;
  const exporter = env["OTEL_TRACES_EXPORTER"];
  if (exporter !== undefined && exporter !== "") return exporter !== "none";
  const endpoints = [env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], env["OTEL_EXPORTER_OTLP_ENDPOINT"]];
  return endpoints.some((endpoint) => endpoint !== undefined && endpoint !== "");
}
