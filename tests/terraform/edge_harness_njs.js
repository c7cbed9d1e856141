// Runs edge functions in njs: the argument names a file of work, the answers are the output.
// Without a shared process the caller can measure the CPU time of a run with the kernel's accounting.
const fs = require('fs');
const work = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const handlers = work.functions.map((code) => new Function('require', code + '\nreturn handler;')(require));

// A function may change the objects of its event: each call gets new ones.
function fresh(event) {
  const copy = { request: Object.assign({}, event.request) };
  if (event.response) {
    copy.response = Object.assign({}, event.response);
    copy.response.headers = Object.assign({}, event.response.headers);
  }
  return copy;
}

for (let round = 1; round < work.rounds; round++) {
  work.events.forEach((entry) => handlers[entry[0]](fresh(entry[1])));
}
// console.log writes at most 2 KB of a line.
fs.writeFileSync(
  '/dev/stdout',
  JSON.stringify(work.events.map((entry) => handlers[entry[0]](fresh(entry[1]))))
);
