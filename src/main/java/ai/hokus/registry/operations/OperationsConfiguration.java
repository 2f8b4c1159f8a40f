package ai.hokus.registry.operations;

import ai.hokus.registry.consumers.PutBack;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.outbox.OutboxPurge;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.support.TransactionTemplate;

/** Puts the module together. */
@Configuration(proxyBeanMethods = false)
class OperationsConfiguration {

    @Bean
    OutboxQueries outboxQueries(JdbcTemplate jdbc) {
        return new OutboxQueries(jdbc);
    }

    @Bean
    MessageListing messageListing(JdbcTemplate jdbc) {
        return new MessageListing(jdbc);
    }

    @Bean
    OperatorActionRepository operatorActionRepository(JdbcTemplate jdbc) {
        return new OperatorActionRepository(jdbc);
    }

    @Bean
    OperationLog operationLog(JdbcTemplate jdbc, TransactionTemplate transaction, Outbox outbox) {
        return new OperationLog(jdbc, transaction, outbox);
    }

    @Bean
    OperatorActions operatorActions(
            OperatorActionRepository repository, OperationLog log, Outbox outbox, OutboxPurge purge) {
        return new OperatorActions(repository, log, outbox, purge);
    }

    @Bean
    Resend resend(
            JdbcTemplate jdbc,
            TransactionTemplate transaction,
            OperatorActionRepository repository,
            OperationLog log,
            Outbox outbox,
            OperatorSettings settings) {
        return new Resend(
                new ResendRepository(jdbc),
                repository,
                log,
                outbox,
                transaction,
                new Resend.Limits(settings.maxResend(), settings.maxResendSize()));
    }

    @Bean
    PutBackAction putBackAction(PutBack putBack, OperationLog log) {
        return new PutBackAction(putBack, log);
    }

    @Bean
    FenceWatch fenceWatch(OperatorActionRepository repository, OperatorSettings settings) {
        return new FenceWatch(repository, settings.fenceTimeout());
    }
}
