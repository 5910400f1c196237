import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Connects to "http://host:port/path" as a WebSocket. */
export async function openWebSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}

/** The next message, as text. */
export async function nextMessage(socket: WebSocket): Promise<string> {
  const [message] = (await once(socket, 'message')) as [Buffer];
  return message.toString();
}
