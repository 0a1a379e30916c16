CREATE TABLE `ost_config` (`id` int, `namespace` varchar(64), `key` varchar(64), `value` text);
INSERT INTO `ost_config` VALUES (1,'core','ticket_autoresponder','1'),(2,'core','max_open_tickets','0');
