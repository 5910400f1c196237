const state = document.querySelector('#state');
const messages = document.querySelector('#messages');
const form = document.querySelector('form');

const address = new URL('room', document.baseURI);
address.protocol = address.protocol.replace('http', 'ws');
const room = new WebSocket(address);

room.addEventListener('open', () => (state.textContent = 'You are in the room.'));
room.addEventListener('close', () => (state.textContent = 'You have left the room. Load the page again to come back.'));
room.addEventListener('message', ({ data }) => {
  const item = document.createElement('li');
  item.textContent = data;
  messages.append(item);
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  room.send(form.elements.text.value);
  form.reset();
});
