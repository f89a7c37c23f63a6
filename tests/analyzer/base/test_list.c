/* Intrusive lists: order, and removal from anywhere, also twice. */
#include "analyzer/base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct item {
	int number;
	struct list node;
};

static void keeps_order(void **state)
{
	struct list head;
	struct item items[4];
	int expected = 0;
	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	for (int i = 0; i < 4; i++) {
		items[i].number = i;
		list_append(&head, &items[i].node);
	}
	assert_false(list_empty(&head));
	for (struct list *n = head.next; n != &head; n = n->next)
		assert_int_equal(LIST_ENTRY(n, struct item, node)->number, expected++);
	assert_int_equal(expected, 4);
	for (struct list *n = head.prev; n != &head; n = n->prev)
		assert_int_equal(LIST_ENTRY(n, struct item, node)->number, --expected);
}

static void removes_anywhere_and_twice(void **state)
{
	struct list head;
	struct item items[3];
	(void)state;
	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].node);
	list_remove(&items[1].node);
	list_remove(&items[1].node);
	assert_ptr_equal(head.next, &items[0].node);
	assert_ptr_equal(head.next->next, &items[2].node);
	assert_ptr_equal(head.prev->prev, &items[0].node);
	list_append(&head, &items[1].node);
	assert_ptr_equal(head.prev, &items[1].node);
	for (int i = 0; i < 3; i++)
		list_remove(&items[i].node);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_order),
	    cmocka_unit_test(removes_anywhere_and_twice),
	};
	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
