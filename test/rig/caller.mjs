// The command behind Home.command: connects, says its name, waits for an exit code.
import { connect } from 'node:net';

const [port, name] = process.argv.slice(2);
const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${name} ${process.pid}\n`));
let order = '';
socket.on('data', (data) => {
  order += data;
});
socket.on('end', () => process.exit(order === '' ? 99 : Number(order)));
socket.on('error', () => process.exit(98));
