#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *buffer)
{
	*buffer = (struct buffer){0};
}

void buffer_release(struct buffer *buffer)
{
	free(buffer->data);
	buffer_init(buffer);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
	buffer->failed = false;
}

static void buffer_fail(struct buffer *buffer)
{
	buffer->size = 0;
	buffer->failed = true;
}

char *buffer_reserve(struct buffer *buffer, size_t extra)
{
	size_t capacity = buffer->capacity;
	char *data;

	if (buffer->failed)
		return NULL;
	if (extra <= capacity - buffer->size && buffer->data)
		return buffer->data + buffer->size;
	if (extra > SIZE_MAX / 2 - buffer->size) {
		buffer_fail(buffer);
		return NULL;
	}
	if (capacity < 64)
		capacity = 64;
	while (capacity < buffer->size + extra)
		capacity *= 2;
	data = realloc(buffer->data, capacity);
	if (!data) {
		buffer_fail(buffer);
		return NULL;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return data + buffer->size;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	char *room;

	if (size == 0)
		return;
	room = buffer_reserve(buffer, size);
	if (!room)
		return;
	memcpy(room, data, size);
	buffer->size += size;
}

void buffer_append_span(struct buffer *buffer, struct span span)
{
	buffer_append(buffer, span.data, span.size);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_append_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

void buffer_append_number(struct buffer *buffer, unsigned long long number)
{
	char digits[24];
	char *start = digits + sizeof(digits);

	do {
		*--start = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buffer_append(buffer, start, (size_t)(digits + sizeof(digits) - start));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	char *room;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		buffer_fail(buffer);
		return;
	}
	room = buffer_reserve(buffer, (size_t)length + 1);
	if (!room)
		return;
	va_start(arguments, format);
	vsnprintf(room, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->size += (size_t)length;
}
