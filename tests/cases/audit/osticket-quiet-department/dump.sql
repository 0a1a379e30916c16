-- MariaDB dump, made up for this test
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `ost_config` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT,
  `namespace` varchar(64) NOT NULL,
  `key` varchar(64) NOT NULL,
  `value` text NOT NULL,
  `updated` timestamp NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `namespace` (`namespace`,`key`)
) ENGINE=InnoDB;
INSERT INTO `ost_config` VALUES (1,'core','ticket_autoresponder','1','2026-11-02 09:30:00'),
(2,'core','message_autoresponder','0','2026-11-02 09:30:00'),
(3,'core','overlimit_notice_active','0','2026-11-02 09:30:00'),
(4,'core','max_open_tickets','3','2026-11-02 09:30:00'),
(5,'core','enable_captcha','0','2026-11-02 09:30:00'),
(6,'core','clients_only','0','2026-11-02 09:30:00'),
(7,'core','client_registration','closed','2026-11-02 09:30:00'),
(8,'core','accept_unregistered_email','1','2026-11-02 09:30:00'),
(9,'core','default_template_id','1','2026-11-02 09:30:00'),
(10,'core','default_dept_id','1','2026-11-02 09:30:00'),
(11,'core','helpdesk_title','Example Support','2026-11-02 09:30:00'),
(12,'core','helpdesk_url','https://desk.example/','2026-11-02 09:30:00'),
(90,'core','smtp_password','never-to-be-kept','2026-11-02 09:30:00'),
(91,'mysqlsearch','reindex','0','2026-11-02 09:30:00');
CREATE TABLE `ost_department` (
  `id` int(11) unsigned NOT NULL,
  `tpl_id` int(10) NOT NULL,
  `name` varchar(128) NOT NULL,
  `ticket_auto_response` tinyint(1) NOT NULL,
  `message_auto_response` tinyint(1) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `ost_department` VALUES (1,0,'Support',0,0),(2,0,'Sales',1,1);
CREATE TABLE `ost_help_topic` (`topic_id` int(11), `ispublic` tinyint(1), `noautoresp` tinyint(3), `dept_id` int(10), `topic` varchar(128));
INSERT INTO `ost_help_topic` VALUES (1,1,0,1,'General'),(2,1,1,2,'Quiet');
CREATE TABLE `ost_email` (`email_id` int(11), `noautoresp` tinyint(1), `dept_id` int(11), `email` varchar(255), `userpass` varchar(255));
INSERT INTO `ost_email` VALUES (1,0,1,'support@helpdesk.example','never-to-be-kept');
CREATE TABLE `ost_email_template` (`id` int(11), `tpl_id` int(11), `code_name` varchar(32), `subject` varchar(255), `body` text);
INSERT INTO `ost_email_template` VALUES (1,1,'ticket.autoresp','Support Ticket Opened [#%{ticket.number}]','<h3>Dear %{recipient.name.first},</h3> <p>A request was made under number #%{ticket.number}; look at it %{recipient.ticket_link}.</p>\n%{signature}'),
(2,1,'ticket.autoreply','Re: %{ticket.subject} [#%{ticket.number}]','Dear %{recipient.name.first}, %{response}'),
(3,1,'message.autoresp','Message Confirmation','We have your message about %{ticket.subject}.'),
(4,1,'ticket.overlimit','Open Tickets Limit Reached','%{ticket.name}, you have too many tickets.');
CREATE TABLE `ost_filter` (`id` int(11), `isactive` tinyint(1), `name` varchar(32));
CREATE TABLE `ost_filter_action` (`id` int(11), `filter_id` int(10), `type` varchar(24), `configuration` text);

