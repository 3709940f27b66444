import { readFileSync } from 'node:fs';
import { DockerfileParser } from 'dockerfile-ast';
import { ROOT } from './hub.js';

export const DOCKERFILE = 'deploy/container/Dockerfile';

/** The image as the container file describes it in its last stage. */
export interface Image {
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  /** Arguments of an instruction of the last stage: the last one, because it is the one in force. */
  readonly last: (keyword: string) => string | undefined;
  /** The whole file. */
  readonly text: string;
}

export function readImage(): Image {
  const text = readFileSync(ROOT + DOCKERFILE, 'utf8');
  const instructions = DockerfileParser.parse(text).getInstructions();
  const stage = instructions.slice(instructions.findLastIndex((each) => each.getKeyword() === 'FROM'));
  const last = (keyword: string) =>
    stage.findLast((each) => each.getKeyword() === keyword)?.getArgumentsContent() ?? undefined;
  const words = (keyword: string) => JSON.parse(last(keyword)?.replace(/^.*?CMD (?=\[)/s, '') ?? '[]') as string[];
  const variables = (last('ENV') ?? '').split(/\s+/).map((pair) => pair.split('=') as [string, string]);
  return {
    env: Object.fromEntries(variables),
    entrypoint: words('ENTRYPOINT'),
    command: words('CMD'),
    healthCheck: words('HEALTHCHECK'),
    last,
    text,
  };
}
