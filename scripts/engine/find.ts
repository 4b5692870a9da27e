// Prints shell assignments that lead to the engine that answers. Without one it prints where it looked and exits
// with 1, or with 2 when the user has chosen an engine, which then must not be replaced by another.
import { whySilent } from "./client.ts";
import { listEndpoints } from "./endpoints.ts";

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const endpoints = listEndpoints(process.env);
const tried: string[] = [];

for (const { certificates, ...endpoint } of endpoints) {
  const reason = await whySilent(certificates === undefined ? endpoint : { ...endpoint, certificates });
  if (reason === undefined) {
    console.log(`export DOCKER_HOST=${quote(endpoint.url)}`);
    if (certificates !== undefined) {
      console.log(`export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=${quote(certificates)}`);
    }
    process.exit();
  }
  tried.push(`  ${endpoint.url} (${endpoint.origin}): ${reason}`);
}

console.log(tried.join("\n"));
process.exitCode = endpoints.some(({ chosen }) => chosen) ? 2 : 1;
