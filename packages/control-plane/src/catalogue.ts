import type { Operation } from "./operation.ts";
import { containerFilesGet } from "./operations/container-files-get.ts";
import { containerFilesPut } from "./operations/container-files-put.ts";
import { containerInspect } from "./operations/container-inspect.ts";
import { containerCreate } from "./operations/container-create.ts";
import { containerEnsure } from "./operations/container-ensure.ts";
import { containerExec } from "./operations/container-exec.ts";
import { containerList } from "./operations/container-list.ts";
import { containerLogs } from "./operations/container-logs.ts";
import { containerReap } from "./operations/container-reap.ts";
import { containerRecreate } from "./operations/container-recreate.ts";
import { containerRestart } from "./operations/container-restart.ts";
import { containerRm } from "./operations/container-rm.ts";
import { containerRun } from "./operations/container-run.ts";
import { containerStats } from "./operations/container-stats.ts";
import { containerStart } from "./operations/container-start.ts";
import { containerStop } from "./operations/container-stop.ts";
import { containerWait } from "./operations/container-wait.ts";
import { engineInfo } from "./operations/engine-info.ts";
import { gc } from "./operations/gc.ts";
import { imageBuild } from "./operations/image-build.ts";
import { imageList } from "./operations/image-list.ts";
import { imagePull } from "./operations/image-pull.ts";
import { imagePush } from "./operations/image-push.ts";
import { imageRemove } from "./operations/image-remove.ts";
import { networkCreate } from "./operations/network-create.ts";
import { networkList } from "./operations/network-list.ts";
import { networkRemove } from "./operations/network-remove.ts";
import { volumeCreate } from "./operations/volume-create.ts";
import { volumeList } from "./operations/volume-list.ts";
import { volumeRemove } from "./operations/volume-remove.ts";
import { ping } from "./operations/ping.ts";

/** Everything cos can be asked to do. */
export const catalogue: readonly Operation[] = [
  containerRun,
  containerEnsure,
  containerExec,
  containerList,
  containerInspect,
  containerStats,
  containerLogs,
  containerWait,
  containerFilesGet,
  containerFilesPut,
  containerCreate,
  containerStart,
  containerStop,
  containerRestart,
  containerRecreate,
  containerRm,
  containerReap,
  imageList,
  imagePull,
  imageBuild,
  imagePush,
  imageRemove,
  networkList,
  networkCreate,
  networkRemove,
  volumeList,
  volumeCreate,
  volumeRemove,
  engineInfo,
  gc,
  ping,
];
