/* Text goes into the page as text only, and only where it changed. */

import { OTHER } from './keep.js';
import { grouped } from './numbers.js';

export const $ = (id) => document.getElementById(id);

export function make(tag, properties, ...children) {
	const node = Object.assign(document.createElement(tag), properties);
	node.append(...children);
	return node;
}

export function say(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

/* For people in the text, every digit in data-value. */
export function sayNumber(node, value, text = grouped(value)) {
	node.dataset.value = value;
	say(node, text);
}

/* A group as data-group has it. */
export const plain = (group) => group === OTHER ? '(other)' : group;

/*
 * Its name, each column on its own: a key that is written right to left must
 * not carry its neighbours along.
 */
export function name(group) {
	const parts = plain(group).split('\t');
	const title = parts.join(' · ');
	const node = make('span', { className: 'key', title });

	parts.forEach((part, i) => node.append(i > 0 ? ' · ' : '', part
		? make('bdi', {}, part) : make('i', {}, '(empty)')));
	return node;
}

export const swatch = (kind) => make('span', { className: `swatch ${kind}` });

export const partialMark = (window) => window.partial
	? make('strong', { className: 'partial' }, 'partial') : '';

/* A group's name as a button that picks it out. */
export function picker(group, slot, picked, onclick) {
	const button = make('button', { type: 'button', onclick },
		swatch(`c${slot}`), name(group));
	button.ariaPressed = picked;
	return button;
}
