/* Small helpers: text only goes in as text, and only where it changed. */

import { grouped } from './numbers.js';
import { OTHER } from './keep.js';

export const $ = (id) => document.getElementById(id);

export function say(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

/* For people in the text, every digit in data-value. */
export function sayNumber(node, value, text = grouped(value)) {
	const exact = String(value);
	if (node.dataset.value !== exact)
		node.dataset.value = exact;
	say(node, text);
}

export function setState(node, state) {
	if (node.dataset.state !== state)
		node.dataset.state = state;
}

export function element(tag, name, ...children) {
	const node = document.createElement(tag);
	if (name)
		node.className = name;
	node.append(...children);
	return node;
}

export function groupText(group) {
	return group === OTHER ? '(other)' : group.split('\t').join(' · ');
}

/* As data-group has it. */
export function groupData(group) {
	return group === OTHER ? '(other)' : group;
}

/*
 * A group's name, each of its columns on its own: a key that is written right
 * to left must not carry its neighbours along.
 */
export function groupName(group) {
	const name = element('span', 'group-name');
	const parts = group === OTHER ? ['(other)'] : group.split('\t');

	parts.forEach((part, i) => {
		if (i > 0)
			name.append(element('span', 'between', ' · '));
		name.append(part === ''
			? element('i', '', '(empty)') : element('bdi', '', part));
	});
	name.title = groupText(group);
	return name;
}

export function swatch(slot) {
	return element('span', slot < 0 ? 'swatch' : `swatch c${slot}`);
}

export function pressed(button, yes) {
	button.setAttribute('aria-pressed', yes);
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(tag, attributes = {}) {
	const node = document.createElementNS(SVG, tag);
	for (const name in attributes)
		node.setAttribute(name, attributes[name]);
	return node;
}
