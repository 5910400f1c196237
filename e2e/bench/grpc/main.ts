import { runSuite } from '../proxies/run-suite.ts';
import { benches } from './benches/benches.ts';
import { contenders } from './contenders/contenders.ts';
import { startInstance } from './instance.ts';

const examples = `One contender alone, long enough to look at it (its process id is printed):

  npm run bench:grpc -- --only unary --contenders micro --rounds 1 --seconds 60
`;

await runSuite({ name: 'grpc', benches, contenders, examples, startInstance }, process.argv.slice(2));
