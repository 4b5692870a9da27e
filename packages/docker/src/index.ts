export { connectDocker, type ConnectOptions } from "./connect.ts";
export { StdcopyDemuxer } from "./stdcopy.ts";
