/* Opening: what is recognised, what is named when it is not, and inputs that are no captures at all. */
#include "tests/analyzer/capture/captures.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct reading reading_fd(int fd)
{
	struct capture *c;
	struct err e;
	assert_int_equal(capture_open(&c, fd, &limits_usual, &e), 0);
	return reading_take(c);
}

static int fd_of(struct span bytes)
{
	int fd = memfd_create("capture", 0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void an_empty_file(void **state)
{
	(void)state;
	struct reading r = reading_of(span_of(NULL, 0));
	assert_int_equal(r.facts.status, CAPTURE_UNREADABLE);
	assert_string_equal(r.facts.error, "offset 0: the file is empty");
	assert_string_equal(r.facts.format, "");
	assert_true(r.facts.hashed);
	reading_free(&r);
}

static void empty_inside_compression(void **state)
{
	(void)state;
	struct image m = {0};
	image_gzip(&m, span_of(NULL, 0));
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_UNREADABLE);
	assert_string_equal(r.facts.error, "offset 0: nothing inside the gzip data");
	reading_free(&r);
	image_free(&m);
}

static void a_directory(void **state)
{
	(void)state;
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_false(capture_recognised(fd));
	struct reading r = reading_fd(fd);
	assert_int_equal(r.facts.status, CAPTURE_UNREADABLE);
	assert_non_null(strstr(r.facts.error, "Is a directory"));
	reading_free(&r);
	close(fd);
}

static void a_descriptor_that_cannot_be_read(void **state)
{
	(void)state;
	int fd = open("/dev/null", O_WRONLY);
	assert_true(fd >= 0);
	struct reading r = reading_fd(fd);
	assert_int_equal(r.facts.status, CAPTURE_UNREADABLE);
	assert_non_null(strstr(r.facts.error, "Bad file descriptor"));
	reading_free(&r);
	close(fd);
}

static void a_pipe(void **state)
{
	(void)state;
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	image_records(&m, 100);
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], m.bytes, m.len), m.len);
	close(ends[1]);
	struct reading whole = reading_image(&m), r = reading_fd(ends[0]);
	assert_readings_equal(&whole, &r);
	assert_memory_equal(r.facts.sha256, whole.facts.sha256, CAPTURE_SHA256_SIZE);
	reading_free(&whole);
	reading_free(&r);
	close(ends[0]);
	image_free(&m);
}

/* However small the pieces in which it comes, the capture is the same. */
static void pieces(void **state)
{
	(void)state;
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	image_records(&m, 100);
	struct reading whole = reading_image(&m);
	for (size_t piece = 1; piece < 200; piece += 13) {
		struct capture *c;
		struct err e;
		assert_int_equal(capture_open_failing(&c, image_span(&m), piece, 0, &limits_usual, &e), 0);
		struct reading r = reading_take(c);
		assert_int_equal(r.facts.status, CAPTURE_OK);
		assert_readings_equal(&whole, &r);
		reading_free(&r);
	}
	reading_free(&whole);
	image_free(&m);
}

static void what_is_not_read_is_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *error;
	} files[] = {
	    {"BZh91AY&SY", 10, "offset 0: bzip2 is not read"},
	    {"\xfd"
	     "7zXZ\0\0",
	     7, "offset 0: xz is not read"},
	    {"\x04\x22\x4d\x18", 4, "offset 0: lz4 is not read"},
	    {"PK\3\4....", 8, "offset 0: zip is not read"},
	    {"#!/bin/sh\n", 10, "offset 0: no capture format that is known"},
	    {"\xd4", 1, "offset 0: no capture format that is known"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct reading r = reading_of(span_of(files[i].bytes, files[i].len));
		assert_int_equal(r.facts.status, CAPTURE_UNSUPPORTED);
		assert_string_equal(r.facts.error, files[i].error);
		assert_string_equal(r.facts.format, "");
		assert_int_equal(r.facts.file_bytes, files[i].len);
		reading_free(&r);
	}
}

static void nested_compression_is_not_opened(void **state)
{
	(void)state;
	struct image m = {0}, once = {0}, twice = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	image_records(&m, 3);
	image_zstd(&once, image_span(&m));
	image_gzip(&twice, image_span(&once));
	struct reading r = reading_image(&twice);
	assert_int_equal(r.facts.status, CAPTURE_UNSUPPORTED);
	assert_string_equal(r.facts.error, "offset 0: zstd in gzip is not read");
	assert_string_equal(r.facts.compression, "gzip");
	reading_free(&r);
	image_free(&once);
	image_free(&twice);
	/* A tar has its magic number late. */
	image_payload(&once, 257, 'a');
	image_add(&once, "ustar", 6);
	image_zeros(&once, 400);
	image_gzip(&twice, image_span(&once));
	r = reading_image(&twice);
	assert_string_equal(r.facts.error, "offset 0: tar in gzip is not read");
	reading_free(&r);
	image_free(&m);
	image_free(&once);
	image_free(&twice);
}

static void recognition_by_content(void **state)
{
	(void)state;
	struct image m = {0}, packed = {0};
	image_pcap(&m, (uint32_t)MAGIC_NANO, 65535, LINKTYPE_ETHERNET);
	image_records(&m, 3000);
	image_gzip(&packed, image_span(&m));
	const struct span known[] = {image_span(&m), image_span(&packed), span_first(image_span(&m), 24)};
	const struct span unknown[] = {span_of("text\n", 5), span_of("", 0), span_of("BZh91AY&SY", 10)};
	for (size_t i = 0; i < 3; i++) {
		int fd = fd_of(known[i]);
		assert_true(capture_recognised(fd));
		assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
		close(fd);
		fd = fd_of(unknown[i]);
		assert_false(capture_recognised(fd));
		close(fd);
	}
	image_free(&m);
	image_free(&packed);
}

static void names_of_statuses_and_link_types(void **state)
{
	char buf[32];
	(void)state;
	assert_string_equal(capture_status_name(CAPTURE_OK), "ok");
	assert_string_equal(capture_status_name(CAPTURE_LIMITED), "limited");
	assert_string_equal(capture_linktype_name(LINKTYPE_ETHERNET, buf, sizeof buf), "EN10MB");
	assert_string_equal(capture_linktype_name(LINKTYPE_RAW, buf, sizeof buf), "RAW");
	assert_string_equal(capture_linktype_name(LINKTYPE_LINUX_SLL2, buf, sizeof buf), "LINUX_SLL2");
	assert_string_equal(capture_linktype_name(60000, buf, sizeof buf), "LINKTYPE_60000");
}

static void more_link_types_than_are_named(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	for (uint16_t i = 0; i < CAPTURE_LINKTYPES_MAX + 5; i++) {
		image_interface(&m, (uint16_t)(200 + i), 0);
		image_packet(&m, i, 1, 20, 20, 1);
	}
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, CAPTURE_LINKTYPES_MAX + 5);
	assert_int_equal(r.facts.linktype_count, CAPTURE_LINKTYPES_MAX);
	assert_int_equal(r.facts.linktypes[1], 201);
	reading_free(&r);
	image_free(&m);
}

static void closing_early_and_nothing(void **state)
{
	(void)state;
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	image_records(&m, 3);
	struct capture *c;
	struct err e;
	struct frame f;
	assert_int_equal(capture_open_memory(&c, image_span(&m), &limits_usual, &e), 0);
	assert_int_equal(capture_next(c, &f, &e), 1);
	capture_close(c);
	capture_close(NULL);
	image_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_file),
	    cmocka_unit_test(empty_inside_compression),
	    cmocka_unit_test(a_directory),
	    cmocka_unit_test(a_descriptor_that_cannot_be_read),
	    cmocka_unit_test(a_pipe),
	    cmocka_unit_test(pieces),
	    cmocka_unit_test(what_is_not_read_is_named),
	    cmocka_unit_test(nested_compression_is_not_opened),
	    cmocka_unit_test(recognition_by_content),
	    cmocka_unit_test(names_of_statuses_and_link_types),
	    cmocka_unit_test(more_link_types_than_are_named),
	    cmocka_unit_test(closing_early_and_nothing),
	};
	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
