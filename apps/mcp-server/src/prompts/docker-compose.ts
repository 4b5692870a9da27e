import { networkRequest, parseWith } from "@cos/core";
import { toQuote } from "./data.ts";
import { withArgument } from "./look.ts";
import { describeProject, listProjects } from "./project.ts";
import type { Prompt } from "./prompt.ts";

export const dockerCompose: Prompt = {
  name: "docker_compose",
  title: "Compose containers",
  description:
    "Plan the containers of a project in words, look at the plan, have it applied, and go on. A project that exists is taken up as it is.",
  arguments: [
    {
      name: "name",
      description: "The project's name: lower-case letters, digits and inner hyphens. One that exists is taken up.",
      required: true,
      maxLength: 50,
      complete: async (look, value) => (await listProjects(look)).filter((project) => project.startsWith(value)),
    },
    {
      name: "containers",
      description: "What you want, e.g. a web server on port 8080 and a database that only it reaches.",
      required: true,
      maxLength: 16_384,
    },
  ],
  tools: [
    "container_ensure",
    "container_run",
    "container_list",
    "container_logs",
    "container_rm",
    "network_create",
    "network_remove",
    "volume_create",
    "volume_remove",
  ],
  async write(look, { name = "", containers = "" }) {
    const project = await withArgument("name", () => parseWith(networkRequest.shape.project.unwrap(), name, "name"));
    return `${instruct(project, containers)}\n\n${(await describeProject(look, project)).join("\n")}`;
  },
};

function instruct(project: string, wish: string): string {
  return `You look after the project ${project}, which is a group of containers, networks and volumes, with the tools of cos. Your user wants:

${toQuote(wish).join("\n")}

Work in rounds. In each:
1. Plan. Compare what is wanted with what there is, and write down the difference: every network, volume and service that you would make, replace or remove, each with its image, command, published ports, volumes and network, and what is lost by it. Use only tools that read while you plan. If something that matters is open, ask.
2. Show the plan, short and in plain words, and ask your user to say "apply" or what to change. What they change makes a new plan. Without their "apply" nothing is changed.
3. Apply exactly that plan: networks and volumes first, then services, those first that others need, and removals last. If something fails, stop, read container_logs, and come back with what happened and a new plan.
4. Compare. Read container_list and say in what the result differs from the plan, and how each service is reached. If nothing differs, the round is over; wait for the next wish.

How things are called and made, so that the project is found again, also in another chat:
- Give project="${project}" and a purpose to everything that you make. Names are the whole machine's, so begin them with "${project}-".
- Services: container_ensure with name="${project}-<service>". It finds or makes, so a round can be repeated. It waits until the service is healthy if you give it a healthCommand, as you should for what others need. When it answers drifted, the service is not as you asked, and stays so; recreate=true replaces it, at the loss of its files outside volumes, so that belongs into a plan.
- What a service was asked for is told below in the words of its spec: env is image and the like, variables is env, ports is publish. Values of variables are hidden; ask your user for one that you need in order to make a service anew.
- Network: a service is on one network. For those that talk with each other, make one by network_create with name="${project}-net"; there a service is reached as the host cos-${project}-<service>. Nothing on it can be reached from outside, and no port published, unless it was made with egress=true.
- Ports: publish=["8080:80"] is port 8080 of 127.0.0.1, where the engine is. Publish only what your user needs to reach.
- Data: volume_create with name="${project}-<what>", mounted by container_ensure with mounts=[{"type":"volume","name":"${project}-<what>","target":"/path"}]. What is not in a volume is lost when a container is replaced.
- Secrets: never ask for a password or a key, and never write one down. The value "secret://NAME" of a variable in env stands for one that the operator has set up; ask your user for its name.
- Jobs that run once: container_run with the same project and network.
- Taking away: container_rm with force=true for a service, then network_remove. A volume's data is gone for good with volume_remove; do it only if your user asked for exactly that.

A call that answers confirm has changed nothing: show your user its preview. Where it says no more than the plan they applied, go on with the confirmToken; where it says more, ask first. A call that answers pending waits for a person: tell your user the reference. One that answers denied is against the operator's rules: do not look for a way around them.`;
}
