import { describeNested } from "./describe-nested.ts";

describeNested("docker-28");
