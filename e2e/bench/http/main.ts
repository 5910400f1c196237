import { runSuite } from '../proxies/run-suite.ts';
import { benches } from './benches/benches.ts';
import { contenders } from './contenders/contenders.ts';
import { startInstance } from './instance.ts';

const examples = `One contender alone, long enough to look at it (its process id is printed; the second names its functions to perf):

  npm run bench:http -- --only small --contenders micro --rounds 1 --seconds 60
  npm run bench:http -- --only small --contenders micro --rounds 1 --seconds 60 --node-options=--perf-basic-prof
`;

await runSuite({ name: 'http', benches, contenders, examples, startInstance }, process.argv.slice(2));
