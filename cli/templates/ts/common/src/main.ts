import { createServer } from 'node:http';
import { answer } from './answer.ts';

const server = createServer(answer);
const port = Number(process.env['PORT'] ?? 3000);
server.listen(port, '127.0.0.1', () => console.log(`listening on port ${port}`));

// Takes no new calls; when those in flight are answered, the process ends.
process.once('SIGTERM', () => server.close());
