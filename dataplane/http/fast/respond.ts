import { STATUS_CODES } from 'node:http';
import { connectionClose } from '../../headers/answer-fields.ts';
import { headLines } from '../../headers/head-lines.ts';
import { hasBody } from '../framing.ts';
import type { ClientConnection } from './client-connection.ts';
import { leave, type Respond, readOn, type Step } from './state.ts';

/** Answers with what the data plane itself has to say, and ends the call. */
export function respond({ answer, request }: Respond, client: ClientConnection): Step {
  const { status, fields, body } = answer;
  const { head, call, inHand } = request;
  // The rest of a body that nobody reads would be taken in to its end before the connection could be used again.
  const hasRest = hasBody(head.framing);
  if (!hasRest) client.keepForLater(inHand.bytes.subarray(0, inHand.length));
  const close = head.close || client.asksNoMore || client.parts.isDraining() || hasRest;
  const lines = headLines(close ? [...fields, connectionClose] : fields);
  const sent = head.method === 'HEAD' ? '' : body;
  client.writer.bytes(Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${sent}`));
  call.code = status;
  call.bytes = Buffer.byteLength(sent);
  call.end();
  return close ? leave : readOn;
}
