import { Command, CommanderError } from 'commander';
import { checkConfigCommand } from './cli/check-config.js';
import { doctorCommand } from './cli/doctor.js';
import { serveCommand } from './cli/serve.js';
import { simulateCommand } from './cli/simulate.js';
import { tailCommand } from './cli/tail.js';
import { tokenCommand } from './cli/token.js';
import { topCommand } from './cli/top.js';
import { ConfigError } from './hub/config.js';
import { DataDirError } from './store/data-dir-error.js';
import { ListenError } from './transport/transport.js';
import { VERSION } from './version.js';

/** Runs the command in `argv` and returns the exit code: 0 done, 1 it went wrong, 2 it was asked for wrongly. */
export async function main(argv: readonly string[]): Promise<number> {
  ignoreClosedPipe();
  unsetEmptyVariables();
  let code = 0;
  const program = new Command('auralis-hub')
    .description('The telemetry hub for audio that is streamed over WebSocket.')
    .version(VERSION)
    .exitOverride()
    .addCommand(serveCommand())
    .addCommand(checkConfigCommand())
    .addCommand(tokenCommand())
    .addCommand(doctorCommand((exitCode) => (code = exitCode)))
    .addCommand(simulateCommand((exitCode) => (code = exitCode)))
    .addCommand(topCommand((exitCode) => (code = exitCode)))
    .addCommand(tailCommand((exitCode) => (code = exitCode)));
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ConfigError) return complain(error.problems, 2);
    if (error instanceof DataDirError) return complain(error.message, error.isMisplaced ? 2 : 1);
    if (error instanceof ListenError) return complain(error.message, 1);
    throw error;
  }
}

/**
 * A reader that has read enough closes the pipe (`| head`). That is no error, and what is written after it is lost.
 */
function ignoreClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** `AURALIS_TOKEN=` in a compose file means that there is none; options read the environment themselves. */
function unsetEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('AURALIS_') && value === '') delete process.env[name];
  }
}

function complain(messages: string | readonly string[], exitCode: number): number {
  for (const message of [messages].flat()) process.stderr.write(`auralis-hub: ${message}\n`);
  return exitCode;
}
