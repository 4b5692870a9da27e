import { describeNested } from "./describe-nested.ts";
import { podmanDifferences } from "./podman-differences.ts";

describeNested("podman-4", podmanDifferences);
