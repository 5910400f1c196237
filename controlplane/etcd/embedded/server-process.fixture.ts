import pino from 'pino';
import { startEmbeddedEtcd } from './embedded-etcd.ts';

// A process that is nothing but an embedded etcd, to be killed or starved: folder and socket are its arguments.
const [, , folder = '', socketPath = ''] = process.argv;
// Where files may not grow any further, the system sends this signal besides the error.
process.on('SIGXFSZ', () => undefined);
await startEmbeddedEtcd({ folder, socketPath, log: pino({ level: 'silent' }) });
console.log('serving');
