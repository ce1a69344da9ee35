// SPDX-License-Identifier: BSD-2-Clause
/*
 * States and edits that many rows share.
 */
#include "rows.h"

#include <stdio.h>

void one_backend_on_the_same_link(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ .endpoint = { BACKEND_A } });
}

void one_backend_on_another_link(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ .endpoint = { BACKEND_B } });
}

void one_pod_on_this_node(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ .endpoint = { POD_A } });
}

void no_endpoints(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ 0 });
}

void an_open_flow(struct scene *scene)
{
	struct packet opening;

	one_backend_on_the_same_link(scene);
	scene_from_client(scene, CLIENT, &opening);
	scene_send(scene, CLIENT, &opening);
}

void an_established_flow(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	if (!scene_establish(scene, CLIENT, BACKEND_A))
		fprintf(stderr, "%s\n",
			scene_title(scene, "a flow cannot be established"));
}

void an_established_flow_across(struct scene *scene)
{
	one_backend_on_another_link(scene);
	if (!scene_establish(scene, CLIENT, BACKEND_B))
		fprintf(stderr, "%s\n",
			scene_title(scene, "a flow cannot be established"));
}

enum role client_opens(struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	return CLIENT;
}

enum role client_goes_on(struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	packet->flags = TCP_ACK | TCP_PSH;
	packet->tcp_options = 12;
	packet->payload = 301;
	packet->chunk = SCTP_DATA;
	return CLIENT;
}

enum role backend_a_replies(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_A, packet);
	return BACKEND_A;
}

enum role backend_b_replies(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_B, packet);
	return BACKEND_B;
}

void reaches_backend_a(struct scene *scene, struct packet *packet)
{
	scene_to_backend(scene, BACKEND_A, packet);
}

void reaches_backend_b(struct scene *scene, struct packet *packet)
{
	scene_to_backend(scene, BACKEND_B, packet);
}

void reaches_client(struct scene *scene, struct packet *packet)
{
	scene_to_client(scene, CLIENT, packet);
}
