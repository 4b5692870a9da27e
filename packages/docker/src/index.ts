export { connectDocker, type ConnectOptions } from "./connect.ts";
export { type HostFiles, openHostFiles } from "./archive/host-files.ts";
export { StdcopyDemuxer } from "./stdcopy.ts";
