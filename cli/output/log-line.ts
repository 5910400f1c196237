import { styleText } from 'node:util';
import { LogStream, type LogsResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { isoTime } from './time.ts';

const colours = ['cyan', 'yellow', 'green', 'magenta', 'blue'] as const;
type Colour = (typeof colours)[number];

/** How lines of a log are shown: time and instance, then what was printed. In colour, each instance has one of its own. */
export class LogLines {
  readonly #colours = new Map<string, Colour>();

  show({ instance, timeUnixMs, stream, line }: LogsResponse, inColour: boolean): string {
    const time = isoTime(timeUnixMs) ?? '';
    if (!inColour) return `${time} ${instance} ${line}\n`;
    const bar = stream === LogStream.LOG_STREAM_STDERR ? style('red', '|') : '|';
    return `${style('dim', time)} ${style(this.#colourOf(instance), instance)} ${bar} ${line}\n`;
  }

  #colourOf(instance: string): Colour {
    const colour = this.#colours.get(instance) ?? colours[this.#colours.size % colours.length] ?? 'cyan';
    this.#colours.set(instance, colour);
    return colour;
  }
}

/** Whoever asked for colour knows that the line goes to a terminal. */
function style(format: Colour | 'dim' | 'red', text: string): string {
  return styleText(format, text, { validateStream: false });
}
